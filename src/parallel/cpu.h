/* What this processor and its operating system can run. CPUID is read directly: __builtin_cpu_supports() answers
 * wrongly under some compilers. */
#ifndef FASTLOSS_CPU_H
#define FASTLOSS_CPU_H

#if defined(__x86_64__) || defined(_M_X64)
#define IS_X86 1
#if defined(_MSC_VER)
#include <intrin.h>
static void read_cpuid(unsigned leaf, unsigned out[4]) { __cpuidex((int *)out, (int)leaf, 0); }
static unsigned long long read_xgetbv(void) { return _xgetbv(0); }
#else
#include <cpuid.h>
static void read_cpuid(unsigned leaf, unsigned out[4])
{
    __cpuid_count(leaf, 0, out[0], out[1], out[2], out[3]);
}
static unsigned long long read_xgetbv(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (unsigned long long)high << 32 | low;
}
#endif

static int has_avx2(void)
{
    unsigned leaf0[4], leaf1[4], leaf7[4];
    read_cpuid(0, leaf0);
    if (leaf0[0] < 7) return 0;
    read_cpuid(1, leaf1);
    const unsigned fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28, f16c = 1u << 29;
    const unsigned needed = fma | osxsave | avx | f16c;
    if ((leaf1[2] & needed) != needed) return 0;
    if ((read_xgetbv() & 6) != 6) return 0; /* the system saves the 256-bit registers */
    read_cpuid(7, leaf7);
    return (leaf7[1] >> 5) & 1;
}

static int has_avx512(void)
{
    unsigned leaf7[4];
    if (!has_avx2()) return 0;
    if ((read_xgetbv() & 0xe6) != 0xe6) return 0; /* the mask registers and the 512-bit ones too */
    read_cpuid(7, leaf7);
    const unsigned f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
    const unsigned needed = f | dq | bw | vl;
    return (leaf7[1] & needed) == needed;
}
#else
#define IS_X86 0
static int has_avx2(void) { return 0; }
static int has_avx512(void) { return 0; }
#endif

#endif
