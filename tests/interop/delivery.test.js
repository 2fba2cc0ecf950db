// What others' libraries say of Kept's output: a reminder's webhook is taken by `standardwebhooks`, its mail is read by `mailparser`.
// The whole product runs: a throw-away cluster with the test clock, kept-api, kept-worker.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { simpleParser } from 'mailparser';
import { Webhook } from 'standardwebhooks';
import { build, freePort, startService, until } from '../support/service.js';

const received = [];
let receiver, service;

const mails = () => readdirSync(`${service.work}/mail`).filter((name) => name.endsWith('.eml'));

async function post(where, body) {
	const reply = await fetch(service.base + where, {
		method: 'POST',
		headers: { Authorization: `Bearer ${service.key}`, 'Content-Type': 'application/json' },
		body: JSON.stringify(body),
	});
	const answer = await reply.json();
	assert.ok(reply.ok, `${where}: ${JSON.stringify(answer)}`);
	return answer;
}

function workAt(now) {
	const run = spawnSync(path.join(build, 'kept-worker'), ['--once'], { env: service.environment(now), encoding: 'utf8', timeout: 60000 });
	assert.equal(run.status, 0, run.stderr);
}

// The receiver runs in a process of its own accord: spawnSync would hold up one in this process.
const receiverCode = `
	import { createServer } from 'node:http';
	createServer((request, reply) => {
		const parts = [];
		request.on('data', (part) => parts.push(part)).on('end', () => {
			process.stdout.write(JSON.stringify({ method: request.method, headers: request.headers, body: Buffer.concat(parts).toString('base64') }) + '\\n');
			reply.writeHead(204).end();
		});
	}).listen(Number(process.argv[1]), '127.0.0.1', () => process.stdout.write('"ready"\\n'));`;

before(async () => {
	service = await startService('2027-01-04T15:00:00Z');
});

after(() => {
	receiver?.kill();
	service?.stop();
});

test('a promise due in two days gives one Spanish mail and one webhook, which others accept', { timeout: 90000 }, async () => {
	const port = await freePort();
	receiver = spawn(process.execPath, ['--input-type=module', '-e', receiverCode, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
	let rest = '';
	receiver.stdout.setEncoding('utf8').on('data', (text) => {
		const lines = (rest + text).split('\n');
		rest = lines.pop();
		received.push(...lines.map((line) => JSON.parse(line)));
	});
	const seen = (count) => until(() => received.length >= count, () => `${received.length} of ${count} came`);
	await seen(1); // it listens

	const maria = await post('/v1/people', {
		name: "María O'Neill",
		groups: ['families'],
		language: 'es',
		time_zone: 'America/New_York',
		contacts: [
			{ channel: 'email', address: 'maria@lakeview.example' },
			{ channel: 'webhook', address: `http://127.0.0.1:${port}/kept` },
		],
	});
	const secret = maria.contacts.find((contact) => contact.channel === 'webhook').secret;
	const promise = await post('/v1/commitments', {
		group: 'families', title: 'Leer juntos veinte minutos', owner: { person_id: maria.id }, due_on: '2027-01-15',
	});

	workAt('2027-01-08T13:00:00Z'); // the rung of seven days before
	const early = mails().length;
	await seen(2);
	workAt('2027-01-13T12:59:00Z');
	assert.equal(mails().length, early, 'nothing goes out before its hour');
	const before = new Set(mails());
	workAt('2027-01-13T13:00:00Z');
	await seen(3);
	workAt('2027-01-13T13:00:00Z');
	const fresh = mails().filter((name) => !before.has(name));
	assert.equal(fresh.length, 1, 'one mail at its hour, and no second');

	const mail = await simpleParser(readFileSync(`${service.work}/mail/${fresh[0]}`));
	assert.equal(mail.to.value[0].address, 'maria@lakeview.example');
	assert.equal(mail.to.value[0].name, "María O'Neill");
	assert.match(mail.subject, /2 días.*Leer juntos veinte minutos/);
	assert.equal(mail.headers.get('content-language'), 'es');
	assert.equal(mail.headers.get('auto-submitted'), 'auto-generated');
	assert.match(mail.text, /viernes, 15 de enero/);
	assert.match(mail.html, /lang="es"/);
	assert.match(mail.messageId, /^<[0-9a-f-]{36}@lakeview\.example>$/);

	const webhook = received[2];
	const body = Buffer.from(webhook.body, 'base64').toString('utf8');
	const verified = new Webhook(secret).verify(body, webhook.headers);
	assert.equal(verified.type, 'reminder.due');
	assert.equal(verified.data.commitment_id, promise.id);
	assert.equal(verified.data.days_left, 2);
	assert.ok(!body.includes('María') && !body.includes(maria.id), 'no person in a payload');
	assert.throws(() => new Webhook(secret).verify(body.replace('2027', '2028'), webhook.headers));
	assert.equal(received.length, 3);
});
