"""3x3 convolution with stride 1 by Winograd's minimal filtering."""
