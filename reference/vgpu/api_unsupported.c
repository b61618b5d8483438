/* api_unsupported: every other function of the driver's interface. A program that is linked against the
 * driver starts, and what it calls beyond what vgpu has answers CUDA_ERROR_NOT_SUPPORTED. Arguments do not
 * matter to the answer. */
#include "api.h"

#define UNSUPPORTED(name)                                                                                    \
    API CUresult name(void);                                                                                 \
    CUresult name(void) {                                                                                    \
        return CUDA_ERROR_NOT_SUPPORTED;                                                                     \
    }
#include "unsupported.def"
