"""Builds the compiled kernels; everything else about the project is in pyproject.toml.

Each src/**/*.pyx is translated to C once. The kernels are then compiled for every instruction set and both float types,
and linked to one module in a folder each: fastloss/_kernels/avx2_f32/kernels.so and so on. fastloss/_kernels chooses a
folder at import. What Python calls is compiled once: src/README.md says why. A source is compiled again when
something that it includes has changed, its flags, or the version of Cython or NumPy; not because pip has made a new
environment to build in.

FASTLOSS_BUILD=avx2   only this instruction set, or several ("baseline,avx2"): for quick work
FASTLOSS_SANITIZE=1   address and undefined-behaviour sanitizers, for the test suite
FASTLOSS_NO_OPENMP=1  as on a compiler without OpenMP: one thread
FASTLOSS_LIMITED_API=1  for CPython 3.11 and all later ones (abi3); the smallest calls take up to a quarter longer
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import Cython
import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

ROOT = Path(__file__).parent
BUILD = ROOT / "build" / "cython"
KERNELS = ("kernels.pyx", "elementwise/elementwise.pyx", "rowwise/rowwise.pyx", "ctc/ctc.pyx")  # the first is imported
DOUBLE_ONLY = ("ctc/viterbi.pyx", "ctc/prefix.pyx", "ctc/decode.pyx")  # computed in double precision for every dtype
FOR_TESTS = "vecmath_test.pyx"  # a module beside the kernels; in a build in place only
SHARED = ("parallel/runtime.pyx", "calls.pyx", "xla/xla.pyx")  # modules that are compiled once
INSTRUCTION_SETS = {  # best last; what gcc and clang need for each, and MSVC
    "baseline": ([], []),
    "avx2": (["-mavx2", "-mfma", "-mf16c"], ["/arch:AVX2", "/D__FMA__"]),
    "avx512": (
        ["-mavx2", "-mfma", "-mf16c", "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl",
         "-mprefer-vector-width=512"],
        ["/arch:AVX512", "/D__FMA__"],
    ),
}  # fmt: skip
LIMITED_API = bool(os.environ.get("FASTLOSS_LIMITED_API"))
MACROS = [("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION"), ("CYTHON_CLINE_IN_TRACEBACK", "0")]
if LIMITED_API:
    MACROS.append(("Py_LIMITED_API", "0x030b0000"))
DIRECTIVES = {
    "language_level": 3,
    "binding": False,  # less is made for each function that Python calls
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
    "freethreading_compatible": True,
}
all_read_by = runpy.run_path(str(ROOT / "src" / "dependencies.py"))["all_read_by"]


def chosen_sets():
    """The instruction sets to build: all, or those that FASTLOSS_BUILD names."""
    names = os.environ.get("FASTLOSS_BUILD", "").replace(",", " ").lower().split()
    for name in names:
        if name not in INSTRUCTION_SETS:
            sys.exit(f"FASTLOSS_BUILD: {name!r} is not an instruction set; there are {', '.join(INSTRUCTION_SETS)}")
    return [name for name in INSTRUCTION_SETS if not names or name in names]


def compiles(compiler, source, *flags):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "probe.c")
        path.write_text(source)
        command = [*compiler, *flags, "-c", str(path), "-o", str(Path(folder, "probe.o"))]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except OSError:
            return False


def check_compiler(compiler, folders):
    """What is missing is said before it becomes pages of errors."""
    if not compiles(compiler, "int probe;"):
        sys.exit(f"fastloss's kernels need a C compiler, and {compiler[0]!r} is none that works: install gcc or clang")
    if not compiles(compiler, "#include <Python.h>", *(f"-I{folder}" for folder in folders)):
        sys.exit(
            "fastloss's kernels need Python.h: install Python's headers (Debian's python3-dev, elsewhere python3-devel)"
        )


def targets_x86(compiler, msvc):
    """Decided by the compiler's target, not by this machine: cross builds are right too."""
    if msvc:
        return os.environ.get("VSCMD_ARG_TGT_ARCH", "x64") == "x64"
    return compiles(compiler, "#ifndef __x86_64__\n#error\n#endif\n")


def instruction_flags(extension):
    """For gcc and clang, and for MSVC."""
    folder = extension.name.split(".")[-2]
    return INSTRUCTION_SETS.get(folder.rpartition("_")[0], ([], []))


class Build(build_ext):
    """Adds the flags of the compiler at hand; only x86-64 has more than one instruction set."""

    with_tests = False  # where that is not built in place, and so not for the tests

    def finalize_options(self):
        """An editable installation would leave its objects in a folder that is removed; here a wheel finds them."""
        super().finalize_options()
        if self.editable_mode:
            self.build_temp = str(BUILD.with_name(f"temp.{self.plat_name}-{sys.implementation.cache_tag}"))

    def build_extensions(self):
        msvc = self.compiler.compiler_type == "msvc"
        compiler = [] if msvc else self.compiler.compiler_so
        if not msvc:
            check_compiler(compiler, self.compiler.include_dirs)
        if not targets_x86(compiler, msvc):
            self.extensions = [e for e in self.extensions if ".avx" not in e.name]
            if len(self.extensions) == len(SHARED):
                sys.exit("FASTLOSS_BUILD: this compiler's processors have the instruction set 'baseline' only")
        if not msvc:  # Python's own library folder, as pyenv's linker flags have it: not where others have theirs
            wanted = os.environ.get("LDFLAGS", "").split()
            self.compiler.linker_so = [f for f in self.compiler.linker_so if "-rpath" not in f or f in wanted]
        openmp = "/openmp:experimental" if msvc else "-fopenmp"
        threads = msvc or compiles(
            compiler, "#include <omp.h>\nint main(void) { return omp_get_num_threads(); }", openmp
        )
        if os.environ.get("FASTLOSS_NO_OPENMP"):
            threads = False
        if not threads:
            print("warning: no OpenMP: fastloss will use one thread", file=sys.stderr)
        # GCC would inline each long loop into its only caller, where registers no longer suffice; and it would clear
        # small arrays by `rep stos`, which takes tens of nanoseconds, and hundreds after stores that bypass the caches.
        # Clang 14 would read a loop's next number an iteration ahead, which makes the iterations depend on each other:
        # such a loop stays scalar. In newer versions the flag is the default. And it would unroll a short loop of 16
        # iterations before it looks for vectors, and find few or none in what is left.
        optional = [] if msvc else [
            "-fno-inline-functions-called-once",
            "-mmemset-strategy=unrolled_loop:4096:noalign,libcall:-1:noalign",
            "-mllvm -enable-split-backedge-in-load-pre=false",
            "-mllvm -unroll-full-max-count=15",
        ]  # fmt: skip
        known = [flags.split() for flags in optional if compiles(compiler, "int probe;", "-Werror", *flags.split())]
        more = [flag for flags in known for flag in flags]
        for extension in self.extensions:
            compile_flags, link_flags = self.msvc_flags(extension) if msvc else self.unix_flags(extension)
            # Threads are the runtime module's alone; MSVC has the pragma `omp simd` by the same flag.
            with_openmp = [openmp] if threads and (msvc or extension.name.endswith(".runtime")) else []
            extension.extra_compile_args = compile_flags + more + with_openmp
            extension.extra_link_args = link_flags + ([] if msvc else with_openmp)
        self.parallel = self.parallel or os.cpu_count()
        super().build_extensions()

    def flags_file(self, extension):
        """Files are compared by their age only, so the flags are in one."""
        flags = [*getattr(self.compiler, "compiler_so", []), *extension.extra_compile_args, *extension.extra_link_args]
        folder = Path(self.get_finalized_command("build").build_base, "flags")
        return str(write_if_changed(folder / f"{extension.name}.txt", "\n".join(flags)))

    def run(self):
        if self.inplace:
            self.reuse_modules()
        elif not self.with_tests:
            self.extensions = [e for e in self.extensions if not e.name.endswith(f".{Path(FOR_TESTS).stem}")]
        super().run()
        self.remove_others()

    def build_extension(self, extension):
        """Each source has an object of its own, which is made again when something that the source reads has changed;
        setuptools would make all of a module's."""
        module, folder = self.get_ext_fullpath(extension.name), Path(self.build_temp, *extension.name.split(".")[2:])
        flags = self.flags_file(extension)
        if not self.force and not newer_group([flags, *extension.sources, *extension.depends], module):
            return
        objects = []
        for source in extension.sources:
            [made] = self.compiler.object_filenames([source], output_dir=str(folder))
            if self.force or newer_group([flags, source, *read_for(source)], made):
                self.compiler.compile(
                    [source],
                    output_dir=str(folder),
                    macros=macros_for(extension, source),
                    include_dirs=extension.include_dirs,
                    extra_postargs=extension.extra_compile_args,
                )
            objects.append(made)
        self.compiler.link_shared_object(
            objects,
            module,
            libraries=self.get_libraries(extension),
            extra_postargs=extension.extra_link_args,
            export_symbols=self.get_export_symbols(extension),
            build_temp=self.build_temp,
            target_lang="c",
        )

    def reuse_modules(self):
        """What is up to date is decided by build/, where an editable installation by pip leaves nothing: the modules in
        the package are as good."""
        for extension in self.extensions:
            made = Path(self.get_ext_fullpath(extension.name))
            kept = Path(self.build_lib, self.get_ext_filename(extension.name))
            if made.exists() and not kept.exists():
                kept.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(made, kept)

    def remove_others(self):
        """Modules of an earlier build that this one does not make: an import must not find them."""
        made = {Path(self.get_ext_fullpath(extension.name)).resolve() for extension in self.extensions}
        folder = next(path for path in made if path.name.startswith("runtime.")).parent
        for pattern in ("**/*.so", "**/*.pyd"):
            for path in folder.glob(pattern):
                if path.resolve() not in made:
                    path.unlink()

    @staticmethod
    def unix_flags(extension):
        # -fno-math-errno and -fno-trapping-math change no result; contraction off makes results the same everywhere.
        # Cython's `inline` becomes binding in kernels: a helper that is not inlined keeps its caller's loop scalar.
        is_kernel = extension.name.count(".") == 3
        compile_flags = [
            *(["-O3", "-DCYTHON_INLINE=inline __attribute__((always_inline, unused))"] if is_kernel else ["-O2"]),
            "-g0", "-std=gnu11", "-Wall", "-Wno-unused-function",
            "-Werror=implicit-function-declaration",  # such a function would lose half of the pointer that it returns
            "-fvisibility=hidden", "-fopenmp-simd", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off",
        ]  # fmt: skip
        link_flags = ["-ldl", "-lpthread"] if sys.platform.startswith("linux") and not is_kernel else []
        compile_flags += instruction_flags(extension)[0]
        if os.environ.get("FASTLOSS_SANITIZE"):
            sanitizers = ["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=undefined"]
            return [*compile_flags, "-O1", "-g", "-fno-wrapv", *sanitizers], [*link_flags, *sanitizers]
        if sys.platform.startswith("linux"):
            link_flags.append("-Wl,-s")
        return compile_flags, link_flags

    @staticmethod
    def msvc_flags(extension):
        """Never run so far: reports are welcome."""
        compile_flags = ["/O2", "/fp:precise", "/std:c11", "/DCYTHON_INLINE=__forceinline"]
        return compile_flags + instruction_flags(extension)[1], []


def write_if_changed(path, text):
    """A file as old as the last change of its text."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return path


def translate():
    """The C file of every source; those that are outdated are made."""
    # `cimport fastloss._kernels.runtime` is looked up by its full name, which is the one that it will be imported by.
    declarations = BUILD / "declarations" / "fastloss" / "_kernels"
    declarations.mkdir(parents=True, exist_ok=True)
    for path in SHARED[:2]:  # of which others import
        shutil.copy2(ROOT / "src" / Path(path).with_suffix(".pxd"), declarations)
    folders = ["src", "src/core", "src/parallel", str(BUILD / "declarations")]
    # Cython would compare the C files with its own and NumPy's declarations too, and pip installs these anew for each
    # build: what counts of them is the version.
    versions = write_if_changed(
        BUILD / "versions.txt", f"Cython {Cython.__version__}\nNumPy {numpy.__version__}\n{DIRECTIVES}"
    )
    outdated = [
        Extension(f"fastloss._kernels.{Path(path).stem}", [f"src/{path}"])
        for path in (*SHARED, *KERNELS, *DOUBLE_ONLY, FOR_TESTS)
        if newer_group([versions, f"src/{path}", *(f"src/{other}" for other in all_read_by(path))], c_file(path))
    ]
    if outdated:
        cythonize(
            outdated, include_path=folders, build_dir=str(BUILD), compiler_directives=DIRECTIVES, quiet=True, force=True
        )


def c_file(path):
    return str((BUILD / "src" / Path(path).with_suffix(".c")).relative_to(ROOT))


def extension(folder, *paths):
    """One module, of the name of its first source below src/."""
    return Extension(
        ".".join(filter(None, ("fastloss._kernels", folder, Path(paths[0]).stem))),
        [c_file(path) for path in paths],
        define_macros=[*MACROS, *([("FL_REAL64", "1")] if folder.endswith("_f64") else [])],
        include_dirs=["src", numpy.get_include()],
        py_limited_api=LIMITED_API,
        depends=sorted({name for path in paths for name in read_for(c_file(path))}),
    )


def macros_for(extension, source):
    """Only the first of a module's sources is imported: the others' functions of initialisation are no entry points."""
    others = [] if source == extension.sources[0] else [("CYTHON_NO_PYINIT_EXPORT", "1")]
    return [*extension.define_macros, *others]


def read_for(source):
    """What the object of a C file depends on besides it."""
    path = str(Path(source).with_suffix(".pyx").relative_to((BUILD / "src").relative_to(ROOT)))
    return ["setup.py", f"src/{path}", *(f"src/{other}" for other in all_read_by(path))]


def extensions():
    translate()
    made = [extension("", path) for path in SHARED]
    for name in chosen_sets():
        made += [
            extension(f"{name}_f32", *KERNELS),
            extension(f"{name}_f64", *KERNELS, *DOUBLE_ONLY),
            extension(f"{name}_f32", FOR_TESTS),
            extension(f"{name}_f64", FOR_TESTS),
        ]
    return made


def readme():
    """README.md for the package index, where paths in the repository lead nowhere."""
    source = "https://github.com/fastloss/fastloss"
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"(!\[[^]]*\]\()(?!https?:|#)", rf"\1{source}/raw/main/", text)
    return re.sub(r"(\]\()(?!https?:|#)", rf"\1{source}/blob/main/", text)


setup(
    ext_modules=extensions(),
    long_description=readme(),
    long_description_content_type="text/markdown",
    cmdclass={"build_ext": Build},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED_API else {},
)
