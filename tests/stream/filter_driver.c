/* SPDX-License-Identifier: ISC */
/*
 * Any driver with the test filter above both of its streams.
 */
#include "conform.h"
#include "filter.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define MASK 0x55

static const struct conform_driver *below;
static struct conform_driver stacked;
static char name[64];
static struct filter client_filter, server_filters[2];
static struct filter_server server;

static void filter_driver_setup(tern_accept_fn *accept, void *app)
{
    memset(&client_filter, 0, sizeof client_filter);
    memset(server_filters, 0, sizeof server_filters);
    server = (struct filter_server){
        .filters = server_filters, .n_filters = 2, .mask = MASK, .accept = accept, .app = app,
    };
    below->setup(filter_accept, &server);
}

static struct tern_stream *filter_driver_connect(const struct tern_stream_events *events,
                                                 void *user, bool refused)
{
    struct tern_stream *s = below->connect(&filter_events, &client_filter, refused);
    ck_assert_ptr_nonnull(s);
    filter_init(&client_filter, s, MASK, events, user);
    return &client_filter.stream;
}

static const char *filter_driver_teardown(void)
{
    if (client_filter.below != NULL || server_filters[0].below != NULL ||
        server_filters[1].below != NULL)
        return "a filter";
    return below->teardown();
}

const struct conform_driver *conform_filtered(const struct conform_driver *driver)
{
    below = driver;
    stacked = *driver;
    snprintf(name, sizeof name, "%s, filtered", driver->name);
    stacked.name = name;
    stacked.setup = filter_driver_setup;
    stacked.connect = filter_driver_connect;
    stacked.teardown = filter_driver_teardown;
    return &stacked;
}
