#include "tests/support/ask.h"

#include <check.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/reply/problem.h"
#include "kept/text.h"
#include "tests/support/ask_body.h"
#include "tests/support/ask_headers.h"

#define REQUEST_BYTES (4 * 1024 * 1024)
#define PATIENCE_SECONDS 30

static void *shared(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(memory != MAP_FAILED);
	return memory;
}

void asking_open(struct asking *asking, const struct api *api)
{
	asking->api = api;
	asking->document = json_loadb(contract_document, contract_document_length, 0, NULL);
	ck_assert_ptr_nonnull(asking->document);
	asking->headers = told_headers_new(asking->document);
	asking->seen = shared(contract_operation_count * ASK_STATUSES);
	asking->answered = shared(10 * sizeof(*asking->answered));
}

void asking_release(struct asking *asking)
{
	told_headers_free(asking->headers);
	json_decref(asking->document);
	printf("answers: %u done, %u refused, %u that could not be given\n", asking->answered[2] + asking->answered[3],
	       asking->answered[4], asking->answered[5]);
	munmap(asking->seen, contract_operation_count * ASK_STATUSES);
	munmap(asking->answered, 10 * sizeof(*asking->answered));
}

static const char *media_type(const char *method)
{
	return strcmp(method, "PATCH") == 0 ? "application/merge-patch+json" : "application/json";
}

/* Many things at once are not taken without an Idempotency-Key. */
static bool needs_key(const char *method, const char *target)
{
	struct contract_match match;
	char *path = strndup(target, strcspn(target, "?"));
	contract_match(method, path, &match);
	free(path);
	return match.operation && match.operation->items;
}

static char *request_of(const char *key, const char *method, const char *target, const char *headers, const char *body)
{
	static int number;
	struct text out;
	text_init(&out, REQUEST_BYTES);
	text_adds(&out, method);
	text_adds(&out, " ");
	text_adds(&out, target);
	text_adds(&out, " HTTP/1.1\r\nHost: kept.example\r\n");
	if (key)
		text_addf(&out, "Authorization: Bearer %s\r\n", key);
	if (headers)
		text_adds(&out, headers);
	if (needs_key(method, target) && !(headers && strcasestr(headers, "Idempotency-Key:")))
		text_addf(&out, "Idempotency-Key: ask %d %d\r\n", (int)getpid(), ++number);
	if (body && !(headers && strcasestr(headers, "Content-Type:")))
		text_addf(&out, "Content-Type: %s\r\n", media_type(method));
	if (body)
		text_addf(&out, "Content-Length: %zu\r\n", strlen(body));
	text_adds(&out, "\r\n");
	if (body)
		text_adds(&out, body);
	char *request = text_take(&out);
	ck_assert_ptr_nonnull(request);
	return request;
}

const json_t *ask_document(const struct asking *asking, const struct contract_operation *operation)
{
	char method[16] = "";
	for (size_t i = 0; operation->method[i] && i < sizeof(method) - 1; i++)
		method[i] = (char)tolower((unsigned char)operation->method[i]);
	return json_object_get(json_object_get(json_object_get(asking->document, "paths"), operation->path), method);
}

/* What the document says of that status of the operation; NULL: nothing. */
static const json_t *told(const struct asking *asking, const struct contract_operation *operation, int status)
{
	char number[8];
	snprintf(number, sizeof(number), "%d", status);
	const json_t *response = json_object_get(json_object_get(ask_document(asking, operation), "responses"), number);
	const char *ref = json_string_value(json_object_get(response, "$ref"));
	if (!ref)
		return response;
	const json_t *shared = json_object_get(json_object_get(asking->document, "components"), "responses");
	return json_object_get(shared, strrchr(ref, '/') + 1);
}

/* The texts of text_of(), at() and header(); the oldest give way. */
static char *kept_texts[4096];
static size_t kept_last;

/* Takes `made` over. */
static const char *keep(char *made)
{
	ck_assert_ptr_nonnull(made);
	kept_last = (kept_last + 1) % (sizeof(kept_texts) / sizeof(kept_texts[0]));
	free(kept_texts[kept_last]);
	return kept_texts[kept_last] = made;
}

/* Whatever was asked: its page, its language, and the one id of the request. */
static void judge_problem(const struct answer *answer)
{
	const char *type = at(answer, "type"), *code = strrchr(type, '/');
	ck_assert_msg(strstr(type, "/docs/problems/") && problem_find(code + 1), "%s: type %s", answer->asked, type);
	ck_assert_str_eq(header(answer, "Content-Language"), "en");
	ck_assert_str_eq(at(answer, "instance"), text_of("urn:uuid:%s", header(answer, "X-Request-Id")));
}

static void judge(const struct asking *asking, const char *method, const char *target, const struct answer *answer)
{
	struct contract_match match;
	char *path = strndup(target, strcspn(target, "?"));
	contract_match(method, path, &match);
	free(path);
	if (answer->status >= 400 && strcmp(method, "HEAD") != 0)
		judge_problem(answer);
	if (!match.operation || answer->status == 0 || strcmp(method, "HEAD") == 0)
		return;
	const json_t *response = told(asking, match.operation, answer->status);
	ck_assert_msg(response != NULL, "%s: the document tells nothing of %d %s", answer->asked, answer->status,
		      answer->body);
	told_headers_judge(asking->headers, answer, response);
	told_body_judge(answer, response);
	if (answer->status < ASK_STATUSES)
		asking->seen[match.operation - contract_operations][answer->status] = 1;
}

void ask_send(int fd, const char *key, const char *method, const char *target, const char *headers, const char *body)
{
	char *request = request_of(key, method, target, headers, body);
	api_write(fd, request, strlen(request));
	free(request);
}

struct answer ask_read(const struct asking *asking, int fd, const char *method, const char *target)
{
	struct api_reply reply = api_read(fd, strcmp(method, "HEAD") == 0, PATIENCE_SECONDS);
	struct answer answer = {.status = reply.status, .head = reply.head, .body = reply.body};
	ck_assert(asprintf(&answer.asked, "%s %s", method, target) > 0);
	answer.json = json_loads(answer.body, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	if (answer.status >= 100 && answer.status < ASK_STATUSES)
		atomic_fetch_add(&asking->answered[answer.status / 100], 1);
	/* What only judging needed makes no text of the test give way, however much is asked. */
	size_t last = kept_last;
	judge(asking, method, target, &answer);
	kept_last = last;
	return answer;
}

struct answer ask_on(const struct asking *asking, int fd, const char *key, const char *method, const char *target,
		     const char *headers, const char *body)
{
	ask_send(fd, key, method, target, headers, body);
	return ask_read(asking, fd, method, target);
}

struct answer ask(const struct asking *asking, const char *key, const char *method, const char *target,
		  const char *headers, const char *body)
{
	int fd = api_connect(asking->api);
	struct answer answer = ask_on(asking, fd, key, method, target, headers, body);
	close(fd);
	return answer;
}

struct answer must(int status, struct answer answer)
{
	ck_assert_msg(answer.status == status, "%s: %d, not %d: %s", answer.asked, answer.status, status, answer.body);
	return answer;
}

void must_be(int status, struct answer answer)
{
	answer = must(status, answer);
	answer_release(&answer);
}

void answer_release(struct answer *answer)
{
	free(answer->asked);
	free(answer->head);
	free(answer->body);
	json_decref(answer->json);
	memset(answer, 0, sizeof(*answer));
}

const char *text_of(const char *format, ...)
{
	va_list arguments;
	char *made;
	va_start(arguments, format);
	ck_assert(vasprintf(&made, format, arguments) >= 0);
	va_end(arguments);
	return keep(made);
}

static const json_t *find(const struct answer *answer, const char *path)
{
	const json_t *value = answer->json;
	while (value && *path) {
		size_t length = strcspn(path, "/");
		char *name = strndup(path, length);
		value = json_is_array(value) ? json_array_get(value, (size_t)strtol(name, NULL, 10))
					     : json_object_get(value, name);
		free(name);
		path += length + (path[length] == '/');
	}
	return value;
}

const char *at(const struct answer *answer, const char *path)
{
	const json_t *value = find(answer, path);
	if (!value)
		return "";
	if (json_is_string(value))
		return keep(strdup(json_string_value(value)));
	return keep(json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY));
}

int count_at(const struct answer *answer, const char *path)
{
	return (int)json_array_size(find(answer, path));
}

bool names(const struct answer *answer, const char *place)
{
	const json_t *error;
	size_t i;
	json_array_foreach (find(answer, "errors"), i, error) {
		const char *pointer = json_string_value(json_object_get(error, "pointer"));
		const char *parameter = json_string_value(json_object_get(error, "parameter"));
		if ((pointer && strcmp(pointer, place) == 0) || (parameter && strcmp(parameter, place) == 0))
			return true;
	}
	return false;
}

const char *header(const struct answer *answer, const char *name)
{
	struct api_reply reply = {.head = answer->head};
	char *value = api_header(&reply, name);
	return keep(value ? value : strdup(""));
}

const char *if_match(const struct answer *answer)
{
	return text_of("If-Match: %s\r\n", header(answer, "ETag"));
}
