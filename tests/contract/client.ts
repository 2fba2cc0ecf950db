// README's example, as somebody writes it who uses a client made from /openapi.json. That it compiles, strictly, is half
// of the test: paths, parameters, bodies and answers are types.
import createClient from 'openapi-fetch';
import type { components, paths } from './made/kept.js';

export type Commitment = components['schemas']['Commitment'];
export type Problem = components['schemas']['Problem'];

// Lists can also be had as a sheet, by Accept; without it all is JSON.
type Json = `application/${string}json`;

export class Refused extends Error {
	constructor(readonly problem: Problem) {
		super(`${problem.status} ${problem.title}: ${problem.detail}`);
	}
}

type Answer<T> = { data?: T; error?: Problem | undefined; response: Response };

function taken<T>(answer: Answer<T>): NonNullable<T> {
	if (answer.error) throw new Refused(answer.error);
	if (answer.data === undefined || answer.data === null) throw new Error(`${answer.response.url}: no body`);
	return answer.data;
}

function etag(answer: Answer<unknown>): string {
	const tag = answer.response.headers.get('ETag');
	if (tag === null) throw new Error(`${answer.response.url}: no ETag`);
	return tag;
}

export type Told = { promise: Commitment; listed: string[]; refused: Problem; agreed: number | null };

export async function readmeExample(base: string, key: string, due: string, through: typeof fetch): Promise<Told> {
	const kept = createClient<paths, Json>({ baseUrl: base, headers: { Authorization: `Bearer ${key}` }, fetch: through });

	const maria = taken(
		await kept.POST('/v1/people', {
			params: { header: { 'Idempotency-Key': `maria ${due}` } },
			body: {
				name: "María O'Neill",
				groups: ['families'],
				language: 'es',
				contacts: [{ channel: 'email', address: 'maria@lakeview.example', paused: false }],
			},
		}),
	);
	for (const title of ['Read together twenty minutes', 'Come to the evening of reading'])
		taken(
			await kept.POST('/v1/commitments', {
				body: { group: 'families', title, owner: { person_id: maria.id }, due_on: due },
			}),
		);

	// A page at a time.
	const listed: Commitment[] = [];
	let page_token: string | null | undefined;
	do {
		const page = taken(
			await kept.GET('/v1/commitments', {
				params: { query: { owner_id: maria.id, page_size: 1, ...(page_token ? { page_token } : {}) } },
			}),
		);
		listed.push(...page.items);
		page_token = page.next;
	} while (page_token !== null);

	const first = listed[0];
	if (!first) throw new Error('nothing is listed');
	const read = await kept.GET('/v1/commitments/{id}', { params: { path: { id: first.id } } });
	const changed = await kept.PATCH('/v1/commitments/{id}', {
		params: { path: { id: first.id }, header: { 'If-Match': etag(read) } },
		headers: { 'Content-Type': 'application/merge-patch+json' },
		body: { when_where_how: 'After supper, on the sofa.' },
	});
	const promise = taken(
		await kept.POST('/v1/commitments/{id}/status', {
			params: { path: { id: first.id }, header: { 'If-Match': etag(changed) } },
			body: { status: 'in_progress' },
		}),
	);

	// What is wrong is told in one shape everywhere.
	const late = await kept.PATCH('/v1/commitments/{id}', {
		params: { path: { id: first.id }, header: { 'If-Match': etag(read) } },
		headers: { 'Content-Type': 'application/merge-patch+json' },
		body: { title: 'Read apart' },
	});
	if (!late.error) throw new Error('a change of an old version was taken');

	const summary = taken(await kept.GET('/v1/summary'));
	return {
		promise,
		listed: listed.map((item) => item.title),
		refused: late.error,
		agreed: summary.items.find((row) => row.group === 'families')?.agreed ?? null,
	};
}

// Never run: what the types must refuse. A line that compiles after all is an error of its own.
export function refusedByTypes(kept: ReturnType<typeof createClient<paths, Json>>, id: string): unknown[] {
	return [
		// @ts-expect-error no such path
		kept.GET('/v1/persons'),
		// @ts-expect-error a person has groups
		kept.POST('/v1/people', { body: { name: 'Ann' } }),
		// @ts-expect-error no such group
		kept.GET('/v1/commitments', { params: { query: { group: 'parents' } } }),
		// @ts-expect-error no such parameter
		kept.GET('/v1/commitments', { params: { query: { owner: id } } }),
		// @ts-expect-error no such kind of owner
		kept.POST('/v1/commitments', { body: { group: 'families', title: 'Read', owner: { person: id } } }),
		// @ts-expect-error a change names the version that it saw
		kept.PATCH('/v1/commitments/{id}', { params: { path: { id } }, body: { title: 'Read' } }),
		// @ts-expect-error no such status
		kept.POST('/v1/commitments/{id}/status', { params: { path: { id } }, body: { status: 'done' } }),
	];
}
