/* Functions of probabilities and of differences that the elementwise losses are made of: like vecmath.h, for numbers
 * within a narrower range, and in fewer operations.
 */
#ifndef FASTLOSS_SPECIALMATH_H
#define FASTLOSS_SPECIALMATH_H

#include "core/vecmath.h"

/* log(1 + x) for 0 <= x <= 1: within 2 ULP, and cheaper than r_log1p. */
FL_INLINE real r_log1p_unit(real x)
{
    real x2 = x * x, x4 = x2 * x2;
#ifdef FL_REAL64
    real tail = poly4(x, x2, -0.006761419498849802197, 0.002030846248409763204, -0.0003870111108580303872,
                      0.00003496499999517752789);
    tail = r_fma(tail, x4, poly4(x, x2, -0.06024571849605113902, 0.04571832887421964206, -0.0300062489220241489,
                                 0.01617744829208377386));
    tail = r_fma(tail, x4, poly4(x, x2, -0.09989940978337617533, 0.09044038405818781739, -0.08163583698731790022,
                                 0.07206052783890502496));
    tail = r_fma(tail, x4, poly4(x, x2, -0.1666666569676973021, 0.1428569736817690393, -0.1249980219364086789,
                                 0.1110946972710449389));
    tail = r_fma(tail, x4, poly4(x, x2, -0.4999999999999999402, 0.3333333333332854675, -0.2499999999935962056,
                                 0.1999999996582240184));
#else
    real tail = -0.004466211601f;
    tail = r_fma(tail, x4, poly4(x, x2, -0.1584756572f, 0.1156184545f, -0.06675772506f, 0.02522405435f));
    tail = r_fma(tail, x4, poly4(x, x2, -0.4999999698f, 0.3333284189f, -0.2498652617f, 0.1985410623f));
#endif
    return r_fma(tail, x2, x);
}

/* (-log(1 - x) - x) / x^2 for 0 <= x <= 1/2: within 5 ULP. */
FL_INLINE real log1m_tail(real x)
{
    real x2 = x * x, x4 = x2 * x2;
#ifdef FL_REAL64
    real tail = poly4(x, x2, -169.6807680248728379, 145.7082848884324128, -77.45862362821513858,
                      19.54313088801125771);
    tail = r_fma(tail, x4, poly4(x, x2, -11.75856616540760681, 35.24245119084569897, -79.8736703989943128,
                                 136.524328148808687));
    tail = r_fma(tail, x4, poly4(x, x2, 0.0889904991610704875, 0.1851396757520420042, -0.529877406075206964,
                                 3.142830254623844839));
    tail = r_fma(tail, x4, poly4(x, x2, 0.166666585863844348, 0.1428598709250649913, 0.1249388607489666712,
                                 0.1120724251220363361));
    tail = r_fma(tail, x4, poly4(x, x2, 0.4999999999999999673, 0.3333333333333857, 0.249999999986112678,
                                 0.2000000014584184826));
#else
    real tail = poly4(x, x2, 0.02719312512f, 0.6832589836f, -0.9574450111f, 1.05802952f);
    tail = r_fma(tail, x4, poly4(x, x2, 0.4999998839f, 0.3333629466f, 0.2487791633f, 0.2188413293f));
#endif
    return tail;
}

/* -log(1 - x) for 0 <= x <= 1/2: within 2 ULP. */
FL_INLINE real r_log1m_half(real x) { return r_fma(log1m_tail(x), x * x, x); }

/* log(x) for 0 < x <= 1, subnormal numbers included: within 2 ULP, and cheaper than r_log. A finite number at 0, so
 * that 0 log 0 is 0. */
FL_INLINE real r_log_unit(real x)
{
    /* Scaled so that subnormal numbers become normal, with the scale taken back from the exponent bits. */
    const xuint back = (xuint)(FL_MANTISSA_BITS + 1) << FL_MANTISSA_BITS;
    xuint bits = (xuint)bits_of(x * R((real)((xuint)1 << (FL_MANTISSA_BITS + 1)))) - back;
    xuint power_bits;
    real exponent = exponent_of(bits - (xuint)FL_SQRT_HALF_BITS, &power_bits);
    real f = from_bits((xint)(bits - power_bits)) - R(1.0);
    return r_fma(x, R(0.0), log_of_parts(f, exponent)); /* NaN does not survive the arithmetic on its bits */
}

/* log(cosh(x)) for |x| <= 1: within 2 ULP. */
FL_INLINE real r_log_cosh_unit(real x)
{
    real z = x * x, z2 = z * z, z4 = z2 * z2;
#ifdef FL_REAL64
    real tail = poly4(z, z2, -1.848653104235327342e-7, 4.92097716519275187e-8, -9.156894369438901694e-9,
                      8.600593201457632864e-10);
    tail = r_fma(tail, z4, poly4(z, z2, -0.00001195098688252236607, 4.390901206628098545e-6,
                                 -1.608546614013685244e-6, 5.71068785486421897e-7));
    tail = r_fma(tail, z4, poly4(z, z2, -0.0007386029568181031861, 0.0002565805306854294222,
                                 -0.00009098933986887244193, 0.00003277776865254417926));
    tail = r_fma(tail, z4, poly4(z, z2, -0.08333333333333333318, 0.02222222222222214434, -0.006746031746025101279,
                                 0.002186948853390721713));
#else
    real tail = r_fma(0.0001004784789f, z, -0.0005963375446f);
    tail = r_fma(tail, z4, poly4(z, z2, -0.08333331619f, 0.02222098193f, -0.006731191289f, 0.002120227751f));
#endif
    return r_fma(tail, z2, R(0.5) * z);
}

/* p log(p / q) for p, q in [0, 1] as a sum of two numbers that keeps its digits where p and q are close: the first is
 * of second order in their distance and never negative, the second is then their exact difference. The sum, formed in
 * double precision, is within 6 ULP; 0 at p = 0, inf at q = 0.
 *
 * With b = 2^k q next to p, s = (p - b) / (p + b) and log(p / b) = 2 s + s^3 tail,
 *     p log(p / q) = (p + b) s^2 (1 + s (1 + s) tail / 2) + (p - b) + k p log 2.
 */
FL_INLINE real r_relative_entropy(real p, real q, real *difference)
{
    /* Scaled so that subnormal numbers become normal. */
    const real scale = R((real)((xuint)1 << (FL_MANTISSA_BITS + 1)));
    real a = p * scale, b = q * scale;
    /* k by the bits, which are close to the logarithm: a / (2^k b) is within 2/3 .. 3/2. */
    xuint apart = (xuint)bits_of(a) - (xuint)bits_of(b) + ((xuint)1 << (FL_MANTISSA_BITS - 1));
    xuint power_bits;
    real k = exponent_of(apart, &power_bits);
    b = from_bits((xint)((xuint)bits_of(b) + power_bits));
    real gap = a - b, sum = a + b;
    real s = gap / sum;
    real z = s * s;
#ifdef FL_REAL64
    real tail = 0.1361405958582201805;
    tail = r_fma(tail, z, 0.1320905244399313159);
    tail = r_fma(tail, z, 0.1538890119718612609);
    tail = r_fma(tail, z, 0.1818173678920158911);
    tail = r_fma(tail, z, 0.2222222305903303685);
    tail = r_fma(tail, z, 0.2857142856721169751);
    tail = r_fma(tail, z, 0.4000000000000808407);
    tail = r_fma(tail, z, 0.6666666666666666413);
#else
    real tail = 0.2996279882f;
    tail = r_fma(tail, z, 0.3997880194f);
    tail = r_fma(tail, z, 0.666667141f);
#endif
    real square = sum * z * r_fma(r_fma(s, s, s), R(0.5) * tail, R(1.0));
    real linear = r_fma(a * R(0.6931471805599453094), k, gap);
    linear = q == R(0.0) ? R(INFINITY) : linear;
    square = p == R(0.0) ? R(0.0) : square;
    linear = p == R(0.0) ? R(0.0) : linear;
    *difference = r_fma(q, R(0.0), linear * (R(1.0) / scale)); /* NaN does not survive the arithmetic on its bits */
    return square * (R(1.0) / scale);
}

/* log(x!) for x >= 0: within 4 ULP in float64, which is the build that uses it. */
FL_INLINE real r_log_factorial(real x)
{
    /* Up to 12: x! is x (x - 1) ... times y! for a y up to 1, and log y! is y (y - 1) times a polynomial. */
    real y = x, product = R(1.0);
    for (int i = 0; i < 11; i++) {
        real step = y > R(1.0) ? R(1.0) : R(0.0);
        product *= y > R(1.0) ? y : R(1.0);
        y -= step;
    }
    real tail = R(-0.00001804276273750087093);
    tail = r_fma(tail, y, R(0.0001997467933573165064));
    tail = r_fma(tail, y, R(-0.001048455901058822933));
    tail = r_fma(tail, y, R(0.003491978914302706365));
    tail = r_fma(tail, y, R(-0.008359294535802178219));
    tail = r_fma(tail, y, R(0.01551652331352655838));
    tail = r_fma(tail, y, R(-0.02366674070422273548));
    tail = r_fma(tail, y, R(0.03123483138409024296));
    tail = r_fma(tail, y, R(-0.03744008639927311315));
    tail = r_fma(tail, y, R(0.04253698876131426078));
    tail = r_fma(tail, y, R(-0.04730180374111879747));
    tail = r_fma(tail, y, R(0.05250452708572356944));
    tail = r_fma(tail, y, R(-0.05876948854656978421));
    tail = r_fma(tail, y, R(0.06673070951748116338));
    tail = r_fma(tail, y, R(-0.07731808140175613444));
    tail = r_fma(tail, y, R(0.09223900346937745393));
    tail = r_fma(tail, y, R(-0.1151465423877968553));
    tail = r_fma(tail, y, R(0.155434265860652647));
    tail = r_fma(tail, y, R(-0.245251368522555703));
    tail = r_fma(tail, y, R(0.5772156649015328298));
    real small = y * (y - R(1.0)) * tail + r_log(product);
    /* Beyond 12, Stirling's series has all digits. */
    real w = x + R(1.0), inverse = R(1.0) / w, square = inverse * inverse;
    real series = R(1.0 / 1188);
    series = r_fma(series, square, R(-1.0 / 1680));
    series = r_fma(series, square, R(1.0 / 1260));
    series = r_fma(series, square, R(-1.0 / 360));
    series = r_fma(series, square, R(1.0 / 12));
    real large = (w - R(0.5)) * r_log(w) - w + R(0.9189385332046727418) + series * inverse;
    large = x > R(FL_LARGEST) ? x : large;
    return x <= R(12.0) ? small : large;
}

#endif
