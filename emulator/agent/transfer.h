/* SPDX-License-Identifier: MIT
 *
 * Files in and out of a node, whatever its root holds.
 */
#ifndef WANLAB_AGENT_TRANSFER_H
#define WANLAB_AGENT_TRANSFER_H

/* get PATH: writes the file to standard output. */
int transfer_get(int argc, char *const *argv);

/* list FOLDER PATTERN…: the names of the regular files in the folder that match one of the shell
 * patterns, a line each. */
int transfer_list(int argc, char *const *argv);

/* put PATH MODE NAME: the file becomes what standard input has, in one step, with that mode
 * (octal); in a folder PATH it is called NAME. */
int transfer_put(int argc, char *const *argv);

#endif
