"""``python -m fastloss`` prints `show_config`: what this installation is and what it uses."""

from fastloss import show_config

print(show_config())
