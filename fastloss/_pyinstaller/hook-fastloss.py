"""What a frozen program needs of fastloss beyond what its imports show: kernels are imported by name."""

from PyInstaller.utils.hooks import collect_submodules

hiddenimports = collect_submodules("fastloss._kernels", filter=lambda name: not name.endswith(".vecmath_test"))
