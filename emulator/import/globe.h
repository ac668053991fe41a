/* SPDX-License-Identifier: MIT
 *
 * Places on the globe, and how long light takes between them in fibre.
 */
#ifndef WANLAB_IMPORT_GLOBE_H
#define WANLAB_IMPORT_GLOBE_H

#include <stdbool.h>
#include <stdint.h>

/* A point of the unit sphere. */
struct place {
    double x, y, z;
};

/* Two texts in degrees; false if they are no coordinates. */
bool place_parse(const char *latitude, const char *longitude, struct place *ret);

/* Places add up to a point inside the sphere, above which is their middle; false if they have none,
 * as the two poles do. */
void place_add(struct place *io_sum, const struct place *p);
bool place_of_sum(const struct place *sum, struct place *ret);

/* Along the surface (mean radius: 6371.0088 km). */
double place_distance_km(const struct place *a, const struct place *b);

/* One way through fibre of that length: light is there at 2/3 of its speed in vacuum (a refractive
 * index of 1.5). In whole microseconds. */
uint64_t fibre_delay_ns(double km);

/* Fibre follows roads and railways: how much longer than the straight line it is, unless told. In
 * the median 1.3 times, for shortest paths through the conduits of the InterTubes map between the
 * 120 largest cities of the USA (Bozkurt and others, "Dissecting Latency in the Internet's Fiber
 * Infrastructure", 2018, arXiv:1811.10737). */
#define FIBRE_DETOUR 1.3

#endif
