/* SPDX-License-Identifier: ISC */
/*
 * A site that is given at the start, of an image that takes modules (tern image
 * --modules): the archive that is its module "site". Not a part of any other.
 */
#ifndef WWW_GIVEN_H
#define WWW_GIVEN_H

#include <tern/host.h>
#include <tern/http.h>

/* Where its table is made, and its paths, tags and dates. */
enum { GIVEN_FILES = 2048, GIVEN_TEXT = GIVEN_FILES * 124 };
#define GIVEN_POOLS                                                       \
    TERN_POOL("site.assets", struct tern_http_asset, .fixed = GIVEN_FILES), \
    TERN_POOL("site.text", char, .fixed = GIVEN_TEXT),

/*
 * The table of n assets becomes the module's, if there is one. What is wrong with it is
 * logged, and ends the program.
 */
enum tern_err given_site(struct tern_host *host, const struct tern_http_asset **assets,
                         size_t *n);

#endif
