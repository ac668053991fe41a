/* SPDX-License-Identifier: MIT */
#include "cmd/complete.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "command.h"
#include "lab/client.h"
#include "lab/place.h"

const char complete_bash[] =
    "# bash completion for wanlab: all it knows comes from `wanlab help --complete`\n"
    "_wanlab() {\n"
    "    local line word=${COMP_WORDS[COMP_CWORD]}\n"
    "    COMPREPLY=()\n"
    "    while IFS= read -r line; do\n"
    "        case $line in\n"
    "        //files) compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY "
    "< <(compgen -f -- \"$word\") ;;\n"
    "        //folders) compopt -o filenames; mapfile -t -O ${#COMPREPLY[@]} COMPREPLY "
    "< <(compgen -d -- \"$word\") ;;\n"
    "        *) [[ $line == *[:=] ]] && compopt -o nospace; COMPREPLY+=(\"$line\") ;;\n"
    "        esac\n"
    "    done < <(\"$1\" help --complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _wanlab wanlab\n";

/* The word that is completed, with what is known of the line before it. */
struct line {
    const char *begin;
    const char *first; /* the first argument, mostly a lab; NULL: none yet */
    FILE *out;
};

static void offer(const struct line *l, const char *word, const char *tail)
{
    if (strncmp(word, l->begin, strlen(l->begin)) == 0)
        fprintf(l->out, "%s%s\n", word, tail);
}

static void offer_commands(const struct line *l)
{
    for (const struct command *const *c = commands; *c; c++)
        offer(l, (*c)->name, "");
}

static void offer_labs(const struct line *l)
{
    char **names;
    size_t count;
    if (place_list(&names, &count, NULL) < 0)
        return;
    for (size_t i = 0; i < count; i++) {
        offer(l, names[i], "");
        free(names[i]);
    }
    free(names);
}

static void offer_nodes(const struct line *l, const char *tail)
{
    _cleanup_(freep) char *folder = NULL;
    json_t *nodes, *name;
    size_t i;
    if (!l->first || place_of(l->first, &folder, NULL) < 0 ||
        client_ask(folder, "nodes", &nodes, NULL) < 0)
        return;
    json_array_foreach(nodes, i, name) offer(l, json_string_value(name), tail);
    json_decref(nodes);
}

/* What one word of a description stands for. */
static void offer_meaning(const struct line *l, const char *meaning)
{
    if (strcmp(meaning, "LAB") == 0)
        offer_labs(l);
    else if (strcmp(meaning, "NODE") == 0)
        offer_nodes(l, "");
    else if (strcmp(meaning, "NODE:PATH") == 0)
        offer_nodes(l, ":");
    else if (strcmp(meaning, "FILE") == 0)
        fputs("//files\n", l->out);
    else if (strcmp(meaning, "FOLDER") == 0)
        fputs("//folders\n", l->out);
    else if (strcmp(meaning, "COMMAND") == 0)
        offer_commands(l);
    else if (islower((unsigned char)*meaning))
        offer(l, meaning, "");
}

/* "[LAB]", "NODE…", "FILE|LAB": each of its words. */
static void offer_word(const struct line *l, const char *word, size_t len)
{
    _cleanup_(freep) char *plain = xcalloc(1, len + 1);
    size_t size = 0;
    for (size_t i = 0; i < len; i++)
        if (word[i] != '[' && word[i] != ']' && !(word[i] & 0x80))
            plain[size++] = word[i];
    char *rest = plain;
    for (char *meaning; (meaning = strsep(&rest, "|"));)
        offer_meaning(l, meaning);
}

static bool repeats(const char *word, size_t len)
{
    len -= len > 0 && word[len - 1] == ']';
    return len >= strlen("…") && memcmp(word + len - strlen("…"), "…", strlen("…")) == 0;
}

/* The argument number `position`, in every form that the description has. */
static void offer_argument(const struct line *l, const char *arguments, size_t position)
{
    size_t at = 0;
    for (const char *word = arguments; *word;) {
        size_t len = strcspn(word, " ");
        bool is_bar = len == 1 && *word == '|';
        if (!is_bar && (at == position || (at < position && repeats(word, len))))
            offer_word(l, word, len);
        at = is_bar ? 0 : at + 1;
        word += len + (word[len] == ' ');
    }
}

/* The option that a word is, or NULL. */
static const struct command_option *find_option(const struct command *c, const char *word)
{
    for (const struct command_option *o = c->options; o && o->name; o++)
        if ((o->is_letter && word[0] == '-' && word[1] == o->key && !word[2]) ||
            (strncmp(word, "--", 2) == 0 && strcmp(word + 2, o->name) == 0))
            return o;
    return NULL;
}

static void offer_options(const struct line *l, const struct command *c)
{
    for (const struct command_option *o = c->options; o && o->name; o++) {
        _cleanup_(freep) char *word = xasprintf("--%s", o->name);
        offer(l, word, "");
    }
    offer(l, "--help", "");
}

static void complete_command(struct line *l, const struct command *c, char *const *words,
                             size_t count)
{
    size_t position = 0;
    const struct command_option *open = NULL; /* waits for its argument */
    for (size_t i = 1; i + 1 < count; i++) {
        if (strcmp(words[i], "--") == 0) { /* another program's words */
            fputs("//files\n", l->out);
            return;
        }
        const struct command_option *o = open ? NULL : find_option(c, words[i]);
        if (!open && !o && words[i][0] != '-' && position++ == 0)
            l->first = words[i];
        open = o && o->argument ? o : NULL;
    }
    if (open)
        offer_word(l, open->argument, strlen(open->argument));
    else if (*l->begin == '-')
        offer_options(l, c);
    else
        offer_argument(l, c->arguments, position);
}

void complete_print(char *const *words, size_t count, FILE *out)
{
    if (count == 0)
        return;
    struct line l = {.begin = words[count - 1], .out = out};
    if (count == 1)
        offer_commands(&l);
    for (const struct command *const *c = commands; *c && count > 1; c++)
        if (strcmp((*c)->name, words[0]) == 0)
            complete_command(&l, *c, words, count);
}
