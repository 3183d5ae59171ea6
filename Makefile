# SPDX-License-Identifier: Apache-2.0
# `make` lists what can be done. Everything runs in .venv, which the first command sets up.
PYTHON ?= python3
BIN := .venv/bin
CODE := bench edge_compiler edge_perception launch release setup.py test tools

# A ROS 2 that the shell has sourced must not mix with the one in .venv
unexport AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH RMW_IMPLEMENTATION
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE

.DEFAULT_GOAL := help
.PHONY: help setup demo bench bench-arm bench-cloud bench-pose bench-robot bench-sight bench-transport operators dist test test-quick test-arm test-bags test-chaos test-dist test-docs test-hostile test-mutated test-random lint site clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## set up .venv; does nothing when nothing has changed
	@command -v $(PYTHON) >/dev/null || { \
	  echo "setup: please install first: sudo apt-get install -y gcc g++ python3-dev python3-venv"; exit 1; }
	@$(PYTHON) tools/setup_venv.py

demo: setup ## fetch and compile trained networks, and show the robot pictures, a video and faces at a door
	@$(BIN)/python -m edge_perception.demo

bench: setup ## measure compiled networks beside other engines; takes half an hour
	@$(BIN)/python -m bench

bench-arm: setup ## count the instructions of compiled networks and other engines on Arm, in an emulator
	@$(BIN)/python -m bench.arm

bench-cloud: setup ## measure the robot by itself and with a server, over networks good and bad; takes six minutes
	@$(BIN)/python -m bench.cloud

bench-robot: setup ## measure the robot in one process beside one process a node, two models on shared threads, and the robot's limits; takes eight minutes
	@$(BIN)/python -m bench.robot
	@$(BIN)/python -m bench.sharing
	@$(BIN)/python -m bench.robot.limits

bench-sight: setup ## follow people in a video, compare faces, try a door on all of them; takes three minutes
	@$(BIN)/python -m bench.sight

bench-transport: setup ## start the robot over ROS 2 and over nanomsg, and compare what it needs; takes twelve minutes
	@$(BIN)/python -m bench.transport
	@$(BIN)/python -m bench.transport.hop

bench-pose: setup ## drive the pose node along real trajectories, compare it with the truth; takes three minutes
	@$(BIN)/python -m bench.pose

operators: setup ## run ONNX's backend tests through the compiler and write docs/operators.md; takes ten minutes
	@$(BIN)/python -m bench.operators

dist: setup ## make all that is released, in dist/: wheels, sources, a package of Debian, and what is in them; takes two minutes
	@$(BIN)/python -m release

# emulated, a large network takes minutes, and so do all operators with all special numbers
test: lint ## lint, then run all tests but the slow ones on Arm and the long ones
	$(BIN)/pytest -n 2 -m "not long and not (arm and slow)"

test-quick: setup ## run the tests that compile no large network
	$(BIN)/pytest -n 2 -m "not slow"

test-arm: setup ## run all tests of the Arm targets; says what to install if something is missing
	$(BIN)/edgec doctor aarch64 aarch64-acl armv7 armv7-acl
	$(BIN)/pytest -n 2 test/arm

test-long: setup ## compile and prove the large networks of ONNX's own tests, and all operators with clang and with sanitizers
	$(BIN)/pytest -n 2 -m long

test-docs: setup ## run the commands of the documentation, slow ones, too; takes four minutes
	$(BIN)/pytest -n 2 --docs test/docs

test-hostile: setup ## send 10,000 hostile streams into the pose and the decision, and as many frames into sockets; takes twelve minutes
	$(BIN)/pytest -n 2 -rP --streams 5000 test/core/pose/test_hostile_streams.py test/sp/test_hostile_peers.py

test-bags: setup ## replay 2,000 damaged bags; takes ten minutes
	$(BIN)/pytest -n 2 --bags 2000 test/replay/test_damaged_bags.py

test-chaos: setup ## kill and stop processes of a robot without ROS for five minutes: it comes back, and is safe meanwhile
	$(BIN)/pytest -n 0 -rP --chaos 300 test/sp/test_chaos.py

test-dist: dist ## install what is in dist/ where nothing else is, and run it there; takes ten minutes
	$(BIN)/pytest -n 0 --released dist test/packaging/test_installed.py test/packaging/test_debian.py

test-random: setup ## compile and prove 400 random networks of all operators; takes half an hour
	$(BIN)/pytest -n 2 --graphs 400 test/compiler/networks/test_random_graphs.py

test-kernels: setup ## plant all known errors in all kernels, and see the proof find each; takes ten minutes
	$(BIN)/pytest -n 2 --errors 1000 test/compiler/proof/test_mutations.py

test-mutated: setup ## analyse 10,000 damaged ONNX files, and 2,000 of each other format; takes eleven minutes
	$(BIN)/pytest -n 2 --files 10000 test/compiler/frontend/test_mutated_files.py test/compiler/frontends/test_mutated_imports.py

# ament_pep257 does not know properties, whose docstrings are not imperative (D401); ruff does
lint: setup ## check style, types, who imports whom, and ROS 2's conventions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run --Werror $$(find bench docs edge_compiler test -name '*.[ch]' -o -name '*.cpp')
	$(BIN)/mypy
	@mkdir -p build
	@$(BIN)/lint-imports --no-logo --no-cache >build/imports.log || { cat build/imports.log; exit 1; }
	@$(BIN)/ament_flake8 --config tools/ament_flake8.ini $(CODE) >build/flake8.log || { cat build/flake8.log; exit 1; }
	@$(BIN)/ament_pep257 --add-ignore D401 $(CODE) >build/pep257.log 2>&1 || { cat build/pep257.log; exit 1; }

# Material for MkDocs 9 is pinned; what it says of its successor is no news to who makes the site
site: setup ## make the site of docs/ in site/; a link or an anchor that leads nowhere is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

clean: ## remove what was built, .venv too
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist install log output site *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
