"""Maps the folders `checks` and `codemods` into the package; a new family needs no entry here."""

from setuptools import find_packages, setup

MAPPED = {"qw_codemod.checks": "checks", "qw_codemod.codemods": "codemods"}

packages = ["qw_codemod", *(f"qw_codemod.{name}" for name in find_packages("qw_codemod"))]
for package, folder in MAPPED.items():
    packages += [package, *(f"{package}.{name}" for name in find_packages(folder))]

setup(packages=packages, package_dir={"qw_codemod": "qw_codemod", **MAPPED})
