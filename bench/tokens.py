"""Builds networks in which tokens attend to each other, as PyTorch's exporter writes them."""

from __future__ import annotations

import math

import numpy as np

from bench.builder import Builder


class TokenBuilder(Builder):
    """Appends layers of tokens, (sequences, tokens, features), beside those of images."""

    def dense(self, x: str, features: int, gain: float = 1.0) -> str:
        """Multiply each token by a matrix and add a bias."""
        inputs = self._channels[x]
        weight = self._constant(self._normal(gain / math.sqrt(inputs), inputs, features))
        product = self._append("MatMul", [x, weight], features)
        return self._append(
            "Add", [self._constant(self._normal(0.1, features)), product], features
        )

    def norm(self, x: str) -> str:
        """Normalise the features of each token."""
        features = self._channels[x]
        scale = self._constant(1 + self._normal(0.1, features))
        shift = self._constant(self._normal(0.1, features))
        return self._append("LayerNormalization", [x, scale, shift], axis=-1)

    def gelu(self, x: str) -> str:
        """Multiply by the chance that a normal number is smaller."""
        chance = self._append("Erf", [self._append("Div", [x, self._number(math.sqrt(2))])])
        doubled = self._append("Mul", [x, self._append("Add", [chance, self._number(1)])])
        return self._append("Mul", [doubled, self._number(0.5)])

    def scaled(self, x: str) -> str:
        """Multiply each feature by a factor of its own, as ConvNeXt does at a branch's end."""
        factors = self._constant(self._normal(0.3, self._channels[x]))
        return self._append("Mul", [x, factors])

    def learned(self, *shape: int) -> str:
        """Return learned tokens: queries, places."""
        name = self._constant(self._normal(0.5, *shape))
        self._channels[name] = shape[-1]
        return name

    def join(self, *xs: str, axis: int) -> str:
        """Join tokens."""
        return self._append("Concat", xs, self._channels[xs[-1]], axis=axis)

    def transpose(self, x: str, features: int, *order: int) -> str:
        """
        Change the order of the dimensions.

        :param features: how many each token has then.
        """
        return self._append("Transpose", [x], features, perm=list(order))

    def shape(self, x: str, features: int, *shape: int) -> str:
        """
        Give another shape.

        :param features: how many each token, or pixel, has then.
        """
        return self._append("Reshape", [x, self._constant(np.asarray(shape, np.int64))], features)

    def first(self, x: str) -> str:
        """Take the first token."""
        index = self._constant(np.asarray(0, np.int64))
        return self._append("Gather", [x, index], axis=1)

    def mean(self, x: str) -> str:
        """Average over height and width of images whose channels are last."""
        return self._append("ReduceMean", [x], axes=[1, 2], keepdims=0)

    def attention(self, asking: str, asked: str, heads: int, count: int = 1) -> str:
        """
        Let tokens ask others for what they know.

        :param asking: (count, tokens, features); so is the result.
        :param asked: those that answer; they may be the same.
        :param count: of sequences.
        """
        width = self._channels[asking]
        size = width // heads

        def split(x: str, *order: int) -> str:
            each = self.shape(self.dense(x, width), size, count, -1, heads, size)
            return self.transpose(each, size, *order)

        query = self._append("Mul", [split(asking, 0, 2, 1, 3), self._number(size**-0.5)])
        key, value = split(asked, 0, 2, 3, 1), split(asked, 0, 2, 1, 3)
        chances = self.softmax(self._append("MatMul", [query, key]), axis=-1)
        found = self._append("MatMul", [chances, value], size)
        together = self.transpose(found, width, 0, 2, 1, 3)
        return self.dense(self.shape(together, width, count, -1, width), width, gain=0.5)

    def feed_forward(self, x: str, hidden: int, activation: str = "gelu") -> str:
        """Look at each token by itself, with a hidden layer."""
        y = getattr(self, activation)(self.dense(x, hidden, gain=math.sqrt(2)))
        return self.dense(y, self._channels[x], gain=0.5)

    def encoder(
        self, x: str, heads: int, hidden: int, activation: str = "gelu", count: int = 1
    ) -> str:
        """Append a layer of a transformer that normalises before it asks and looks."""
        y = self.norm(x)
        x = self.add(x, self.attention(y, y, heads, count))
        return self.add(x, self.feed_forward(self.norm(x), hidden, activation))

    def _number(self, number: float) -> str:
        return self._constant(np.asarray(number, np.float32))
