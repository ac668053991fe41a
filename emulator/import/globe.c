/* SPDX-License-Identifier: MIT */
#include "import/globe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EARTH_RADIUS_KM     6371.0088
#define FIBRE_KM_PER_SECOND (299792.458 * 2 / 3)

static bool parse_degrees(const char *text, double max, double *ret)
{
    char *end;
    text += strspn(text, " \t\r\n");
    double value = strtod(text, &end);
    if (end == text || end[strspn(end, " \t\r\n")] || text[strcspn(text, "xXnN")])
        return false; /* no hexadecimal, inf, nan */
    *ret = value;
    return fabs(value) <= max;
}

bool place_parse(const char *latitude, const char *longitude, struct place *ret)
{
    double lat, lon;
    if (!parse_degrees(latitude, 90, &lat) || !parse_degrees(longitude, 180, &lon))
        return false;
    lat *= M_PI / 180;
    lon *= M_PI / 180;
    *ret = (struct place){cos(lat) * cos(lon), cos(lat) * sin(lon), sin(lat)};
    return true;
}

void place_add(struct place *io_sum, const struct place *p)
{
    io_sum->x += p->x;
    io_sum->y += p->y;
    io_sum->z += p->z;
}

bool place_of_sum(const struct place *sum, struct place *ret)
{
    double len = sqrt(sum->x * sum->x + sum->y * sum->y + sum->z * sum->z);
    if (len < 1e-6)
        return false;
    *ret = (struct place){sum->x / len, sum->y / len, sum->z / len};
    return true;
}

/* By the chord, which is exact for small distances, too. */
double place_distance_km(const struct place *a, const struct place *b)
{
    double x = a->x - b->x, y = a->y - b->y, z = a->z - b->z;
    double half = sqrt(x * x + y * y + z * z) / 2;
    return 2 * EARTH_RADIUS_KM * asin(half < 1 ? half : 1);
}

uint64_t fibre_delay_ns(double km)
{
    return (uint64_t)llround(km / FIBRE_KM_PER_SECOND * 1e6) * 1000;
}
