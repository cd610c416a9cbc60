/* SPDX-License-Identifier: ISC */
/*
 * An image that tries the ground a guest stands on. A word of the command line
 * says what it does: it prints markers that begin with "selftest:", or commits
 * a violation, of which nothing but the trap's report may come.
 */
#include "selftest.h"

void *selftest_heap;
uint8_t *selftest_io, *selftest_io_large;

enum tern_err pvh_backend_setup(void)
{
    selftest_heap = pvh_mem_carve(4096, 4096);
    selftest_ap_early();
    selftest_io = pvh_mem_carve_io(IO_LEN);
    if (pvh_mem_longest() > 2 * LARGE)
        selftest_io_large = pvh_mem_carve_io(LARGE);
    if (selftest_io == NULL || pvh_mem_carve_io(SIZE_MAX) != NULL || pvh_mem_carve_io(0) != NULL)
        return TERN_FULL;
    return selftest_heap != NULL ? TERN_OK : TERN_FULL;
}

static bool is_word(size_t w, const char *word)
{
    return strlen(pvh_word(w)) == strlen(word) && memcmp(pvh_word(w), word, strlen(word)) == 0;
}

int pvh_backend_main(void)
{
    pvh_logf("selftest: begins\n");
    for (size_t i = 0; i < pvh_module_count(); i++) {
        const struct pvh_module *m = pvh_module_get(i);
        pvh_logf("selftest: module %lx %lx\n", pvh_mem_phys(m->data),
                 pvh_mem_phys(m->data) + m->len);
    }
    pvh_log_flush();
    int status = STATUS_UNKNOWN;
    for (size_t w = 0; w < pvh_word_count(); w++) {
        for (const struct selftest_violation *v = selftest_violations; v->word != NULL; v++) {
            if (!is_word(w, v->word))
                continue;
            v->commit();
            pvh_logf("selftest: survived %s\n", v->word);
            return STATUS_SURVIVED;
        }
        for (const struct selftest_service *s = selftest_services; s->word != NULL; s++) {
            if (!is_word(w, s->word))
                continue;
            status = s->run();
            pvh_logf("selftest: %s status %d\n", s->word, status);
        }
    }
    return status;
}
