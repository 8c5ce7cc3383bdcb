/* Numbers that several threads read and write at once: each access is whole, in no order beside other memory, except the
 * `ordered` ones, which all threads see in one order. */
#ifndef FASTLOSS_ATOMIC_H
#define FASTLOSS_ATOMIC_H

#include <stddef.h>

#if defined(__GNUC__)
#define atomic_add(number, by) __atomic_add_fetch(number, by, __ATOMIC_RELAXED)
#define atomic_get(number) __atomic_load_n(number, __ATOMIC_RELAXED)
#define atomic_set(number, value) __atomic_store_n(number, value, __ATOMIC_RELAXED)
#define atomic_add_ordered(number, by) __atomic_add_fetch(number, by, __ATOMIC_SEQ_CST)
#define atomic_get_ordered(number) __atomic_load_n(number, __ATOMIC_SEQ_CST)
#else
#include <intrin.h>
/* Of an int or a ptrdiff_t; what is set is an int. A volatile access of an aligned one is whole there. */
#define atomic_add(number, by)                                                                                 \
    ((sizeof *(number) == 8 ? (ptrdiff_t)_InterlockedExchangeAdd64((volatile long long *)(number), (by))       \
                            : (ptrdiff_t)_InterlockedExchangeAdd((volatile long *)(number), (long)(by))) + (by))
#define atomic_get(number)                                                                                     \
    (sizeof *(number) == 8 ? (ptrdiff_t)*(const volatile long long *)(number)                                  \
                           : (ptrdiff_t)*(const volatile int *)(number))
#define atomic_set(number, value) (*(volatile int *)(number) = (value))
#endif

#endif
