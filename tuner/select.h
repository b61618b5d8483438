/* Look-up in tuning tables: katune.h says how. */
#ifndef KATUNE_SELECT_H
#define KATUNE_SELECT_H

#include "katune.h"
#include "table.h"

/* Answers from `count` tables of any devices, this device's being told by its fingerprint. False if the
   problem is not valid or nothing runs it. */
bool select_variant(const struct table *tables, int count, const struct device_info *device,
                    const struct problem *p, struct selection *s, struct error *err);

#endif
