// The client of client.ts runs README's example against a real service, straight, and once more through Prism, which
// holds each request and each reply against the document.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, freePort, startService, top, until } from '../support/service.js';
import { readmeExample, Refused } from './made/client.js';

let service, prism;

before(async () => {
	service = await startService('2027-01-04T15:00:00Z');
});

after(() => {
	prism?.kill();
	service?.stop();
});

function expectStory(told) {
	assert.deepEqual(told.listed.toSorted?.() ?? [...told.listed].sort(), ['Come to the evening of reading', 'Read together twenty minutes']);
	assert.equal(told.promise.status, 'in_progress');
	assert.equal(told.promise.when_where_how, 'After supper, on the sofa.');
	assert.equal(told.refused.status, 412);
	assert.match(told.refused.type, /\/docs\/problems\/precondition-failed$/);
}

test("README's example runs with a client made from the document", async () => {
	const told = await readmeExample(service.base, service.key, '2027-01-15', fetch);
	expectStory(told);
	assert.equal(told.agreed, 1);
});

test('a refusal is a problem with a type', async () => {
	await assert.rejects(readmeExample(service.base, 'kept_' + 'x'.repeat(43), '2027-01-15', fetch), (error) => {
		assert.ok(error instanceof Refused);
		assert.equal(error.problem.status, 401);
		assert.match(error.problem.instance, /^urn:uuid:/);
		return true;
	});
});

test('Prism finds no violation in what is asked and answered', { timeout: 120000 }, async () => {
	const base = `http://127.0.0.1:${await freePort()}`;
	const said = [];
	prism = spawn(
		process.execPath,
		[path.join(top, 'tests/contract/node_modules/.bin/prism'), 'proxy', path.join(build, 'openapi.json'), service.base, '--host', '127.0.0.1', '--port', new URL(base).port],
		{ stdio: ['ignore', 'pipe', 'pipe'] },
	);
	for (const stream of [prism.stdout, prism.stderr]) stream.setEncoding('utf8').on('data', (text) => said.push(text));
	await until(() => fetch(`${base}/livez`).then((reply) => reply.ok, () => false), () => said.join(''));

	const violations = [];
	let replies = 0;
	const watched = async (request, options) => {
		const reply = await fetch(request, options);
		replies++;
		const found = reply.headers.get('sl-violations');
		if (found) violations.push(`${request.method} ${request.url} ${reply.status}: ${found}`);
		return reply;
	};
	expectStory(await readmeExample(base, service.key, '2027-01-16', watched));
	for (const [method, where, headers = { Authorization: `Bearer ${service.key}` }] of [
		['GET', '/v1/groups'],
		['GET', '/v1/actions?page_size=200'],
		['GET', '/v1/people'],
		['GET', '/v1/events'],
		['GET', '/v1/keys'],
		['GET', '/v1/district'],
		['GET', '/readyz'],
		['GET', '/openapi.json'],
		['GET', '/livez', {}],
		['GET', '/v1/people/00000000-0000-7000-8000-000000000000'],
	])
		await watched(new Request(base + where, { method, headers }));
	assert.ok(replies > 15, `${replies} replies`);
	assert.deepEqual(violations, []);

	// Prism does look: what the document does not allow is told.
	await watched(new Request(`${base}/v1/commitments?group=parents`, { headers: { Authorization: `Bearer ${service.key}` } }));
	assert.equal(violations.length, 1);
});
