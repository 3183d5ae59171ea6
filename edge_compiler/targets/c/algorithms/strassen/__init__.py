"""1x1 convolution with one product of matrices in eight less, by Strassen's method."""
