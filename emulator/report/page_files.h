/* SPDX-License-Identifier: MIT
 *
 * The files of a report's page, as they were when the program was built.
 */
#ifndef WANLAB_REPORT_PAGE_FILES_H
#define WANLAB_REPORT_PAGE_FILES_H

extern const char page_html[], page_css[], page_js[]; /* end with NUL */

#endif
