/* SPDX-License-Identifier: MIT */
#include "report/page_files.h"

#define EMBED(name, file)                                                                          \
    __asm__(".section .rodata\n"                                                                   \
            ".global " #name "\n" #name ": .incbin \"emulator/report/" file "\"\n"                 \
            ".byte 0\n"                                                                            \
            ".previous\n")

EMBED(page_html, "page.html");
EMBED(page_css, "page.css");
EMBED(page_js, "page.js");
