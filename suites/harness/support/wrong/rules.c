/* SPDX-License-Identifier: Apache-2.0
 * The rules of a stand-in. A line of the file is one rule: WHEN, VERB and two operands, separated by tabs.
 * A rule with WHEN applies only if an argument of QEMU contains that text. The verbs and their operands:
 *
 *   replace-in-argument OLD NEW  replace the word OLD by NEW in every argument
 *   append-argument ARGUMENT     add an argument at the end
 *   replace-in-output OLD NEW    replace the word in QMP answers and events and in standard output
 *   replace-in-command OLD NEW   replace the word in QMP commands
 *   drop-message TEXT            drop each answer or event that contains TEXT
 *   refuse-command TEXT WHY      answer each command that contains TEXT with the error WHY
 *   on-command TEXT FAULT        at the first command that contains TEXT, inject FAULT (faults.c)
 *   on-message TEXT FAULT        after the first answer or event that contains TEXT, inject FAULT
 *   exec-real                    replace this process by the real program
 *   preload NAME WRONG           load the library of this name beside QEMU into QEMU (preloaded/), with the
 *                                environment variable WRONG, which says what is wrong
 */
#include "wrong.h"

#include <ctype.h>
#include <string.h>

#define MAX_RULES 200

static const char *const verbs[] = {
    "replace-in-argument", "append-argument", "replace-in-output", "replace-in-command", "drop-message",
    "refuse-command",      "on-command",      "on-message",        "exec-real",
    "preload",
};

static struct rule rules[MAX_RULES];
static size_t count;

static bool any_contains(char **argv, const char *text)
{
    for (; *argv; argv++)
        if (strstr(*argv, text))
            return true;
    return false;
}

static bool is_verb(const char *text)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i], text) == 0)
            return true;
    return false;
}

static char *next_part(char **rest)
{
    char *found = strsep(rest, "\t");

    return not_null(strdup(found ? found : ""));
}

void rules_read(const char *file, char **argv)
{
    FILE *stream = fopen(file, "re");
    char *line = NULL;
    size_t size = 0;

    if (!stream)
        fail(file);
    while (count < MAX_RULES && getline(&line, &size, stream) > 0) {
        struct rule *rule = &rules[count];
        char *rest = line;

        line[strcspn(line, "\n")] = 0;
        rule->when = next_part(&rest);
        rule->verb = next_part(&rest);
        rule->first = next_part(&rest);
        rule->second = next_part(&rest);
        if (!is_verb(rule->verb))
            fail(rule->verb);
        count += any_contains(argv, rule->when);
    }
    free(line);
    fclose(stream);
}

const struct rule *rule_next(const struct rule *after, const char *verb)
{
    for (const struct rule *rule = after ? after + 1 : rules; rule < rules + count; rule++)
        if (strcmp(rule->verb, verb) == 0)
            return rule;
    return NULL;
}

const struct rule *rule_matching(const char *verb, const char *text)
{
    const struct rule *rule = NULL;

    while ((rule = rule_next(rule, verb)))
        if (strstr(text, rule->first))
            return rule;
    return NULL;
}

void rule_remove(const struct rule *rule)
{
    rules[rule - rules].verb[0] = 0;
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* Is `word` at position `at` of `text`, and not part of a longer word? */
static bool word_is_at(const char *text, const char *at, const char *word)
{
    size_t len = strlen(word);

    if (len == 0 || strncmp(at, word, len) != 0)
        return false;
    if (in_word(word[0]) && at > text && in_word(at[-1]))
        return false;
    return !(in_word(word[len - 1]) && in_word(at[len]));
}

static const struct rule *rule_at(const char *verb, const char *text, const char *at)
{
    const struct rule *rule = NULL;

    while ((rule = rule_next(rule, verb)))
        if (word_is_at(text, at, rule->first))
            return rule;
    return NULL;
}

/* Replaces in one pass, so that two rules can swap two words. */
char *replace_words(const char *verb, const char *text)
{
    char *new = NULL;
    size_t size = 0;
    FILE *out = not_null(open_memstream(&new, &size));

    for (const char *at = text; *at;) {
        const struct rule *rule = rule_at(verb, text, at);

        if (rule) {
            fputs(rule->second, out);
            at += strlen(rule->first);
        } else {
            fputc(*at++, out);
        }
    }
    fclose(out);
    return not_null(new);
}
