#include "worker/mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "kept/text.h"

/* Copies without surrounding blanks and, if it is a quoted string, without quotes and backslashes. NULL: no memory. */
static char *copy_name(const char *text, size_t length)
{
	while (length > 0 && *text == ' ')
		text++, length--;
	while (length > 0 && text[length - 1] == ' ')
		length--;
	bool quoted = length >= 2 && text[0] == '"' && text[length - 1] == '"';
	if (quoted)
		text++, length -= 2;
	char *name = malloc(length + 1);
	if (name == NULL)
		return NULL;
	size_t used = 0;
	for (size_t i = 0; i < length; i++) {
		if (quoted && text[i] == '\\' && i + 1 < length)
			i++;
		name[used++] = text[i];
	}
	name[used] = '\0';
	return name;
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

bool mailbox_parse(struct mailbox *mailbox, const char *text)
{
	memset(mailbox, 0, sizeof(*mailbox));
	size_t length = strlen(text);
	if (has_control(text) || !text_is_utf8(text, length))
		return false;
	const char *open = strrchr(text, '<');
	if (open == NULL) {
		mailbox->name = strdup("");
		mailbox->address = copy_name(text, length);
	} else {
		size_t inner = strcspn(open + 1, ">");
		if (open[1 + inner] != '>' || open[2 + inner + strspn(open + 2 + inner, " ")] != '\0')
			return false;
		mailbox->name = copy_name(text, (size_t)(open - text));
		mailbox->address = strndup(open + 1, inner);
	}
	if (mailbox->name == NULL || mailbox->address == NULL || !text_is_email(mailbox->address)) {
		mailbox_release(mailbox);
		return false;
	}
	mailbox->domain = strrchr(mailbox->address, '@') + 1;
	return true;
}

void mailbox_release(struct mailbox *mailbox)
{
	free(mailbox->name);
	free(mailbox->address);
	memset(mailbox, 0, sizeof(*mailbox));
}
