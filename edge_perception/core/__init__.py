"""The nodes' cores: plain classes that know no transport, and what they share."""
