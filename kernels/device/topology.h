/* What hwloc knows of this machine. */
#ifndef KATUNE_TOPOLOGY_H
#define KATUNE_TOPOLOGY_H

#include "device.h"

struct topology;

struct topology *topology_load(struct error *err);
void topology_free(struct topology *t);

/* Fills name, fingerprint, units (cores this process may use, counted once where a core has several hardware
   threads), memory, caches, numa_nodes. */
void topology_describe(const struct topology *t, struct device_info *info);

/* Binds the calling thread to the index-th of these cores. False if the system does not allow it. */
bool topology_bind(const struct topology *t, int index);

/* Gives the calling thread back every processing unit the process had when the topology was loaded. */
void topology_unbind(const struct topology *t);

#endif
