/* What a variant's file includes as "variant.h" when it is compiled for the device: there a variant's
   declaration is nothing. */
#pragma once

#define VARIANT(...) static_assert(true, "")

/* values of BOUNDARY */
#define TAPER 0
#define CLAMP 1
#define LINEAR 2
