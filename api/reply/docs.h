/*
 * docs.h: the pages for people that explain the API: /docs, /docs/problems, /docs/problems/CODE. HTML without scripts,
 * with its style inside, so that nothing else is loaded; with an ETag.
 */
#ifndef API_DOCS_H
#define API_DOCS_H

struct exchange;

/* The page that build/contract made of the contract. */
void docs_page(struct exchange *exchange);
/* All problems. */
void docs_problems(struct exchange *exchange);
/* One problem, by the code in the path; 404 for another. */
void docs_problem(struct exchange *exchange);
/* The document itself: /openapi.json. */
void docs_openapi(struct exchange *exchange);

#endif
