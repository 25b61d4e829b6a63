"""What tests share: simulators, builders of packages and images, real things."""
