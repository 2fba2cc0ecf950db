// What others' libraries say of Kept's output: a reminder's webhook is taken by `standardwebhooks`, its mail is read by `mailparser`.
// The whole product runs: a throw-away cluster with the test clock, kept-api, kept-worker.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, chmodSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { simpleParser } from 'mailparser';
import { Webhook } from 'standardwebhooks';

const top = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../..');
const build = path.resolve(top, process.env.KEPT_BUILD ?? 'build');
const work = mkdtempSync(path.join(tmpdir(), 'kept-interop-'));
const received = [];
let api, receiver, database, base, key;

const environment = (now) => ({
	...process.env,
	KEPT_DATABASE_URL: now ? `${database} options='-c kept.now=${now}'` : database,
	KEPT_SECRET: 'k1:' + 's'.repeat(40),
	KEPT_MAIL_URL: `file://${work}/mail`,
	KEPT_MAIL_FROM: 'Kept <kept@lakeview.example>',
	KEPT_LISTEN: base.slice('http://'.length),
	KEPT_PUBLIC_URL: base,
	KEPT_EGRESS_ALLOW: '127.0.0.0/8:*',
});
const last = (text) => text.trim().split('\n').at(-1);
const keptApi = (...words) => last(execFileSync(path.join(build, 'kept-api'), words, { env: environment(), encoding: 'utf8' }) || '\n');
const cluster = (verb) => execFileSync('sh', ['deploy/cluster.sh', verb, `${work}/postgresql`], { cwd: top, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
const mails = () => readdirSync(`${work}/mail`).filter((name) => name.endsWith('.eml'));

async function listening(server) {
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	return server.address().port;
}

async function freePort() {
	const server = createServer();
	const port = await listening(server);
	await new Promise((done) => server.close(done));
	return port;
}

async function post(where, body) {
	const reply = await fetch(base + where, {
		method: 'POST',
		headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
		body: JSON.stringify(body),
	});
	const answer = await reply.json();
	assert.ok(reply.ok, `${where}: ${JSON.stringify(answer)}`);
	return answer;
}

function workAt(now) {
	const run = spawnSync(path.join(build, 'kept-worker'), ['--once'], { env: environment(now), encoding: 'utf8', timeout: 60000 });
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
	chmodSync(work, 0o755);
	mkdirSync(`${work}/mail`);
	cluster('start');
	database = cluster('url');
	base = `http://127.0.0.1:${await freePort()}`;
	keptApi('migrate', '--test-clock');
	const district = keptApi('district', 'add', 'Lakeview', '--time-zone', 'America/New_York', '--locale', 'en');
	key = keptApi('key', 'add', '--district', district, '--role', 'admin');
	api = spawn(path.join(build, 'kept-api'), ['serve'], { env: environment('2027-01-04T15:00:00Z'), stdio: 'ignore' });
	for (let tries = 0; !(await fetch(`${base}/readyz`).then((reply) => reply.ok, () => false)); tries++) {
		assert.ok(tries < 200, 'kept-api does not get ready');
		await pause(50);
	}
});

after(() => {
	api?.kill();
	receiver?.kill();
	cluster('stop');
	rmSync(work, { recursive: true, force: true });
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
	const seen = async (count) => {
		for (let tries = 0; received.length < count; tries++) {
			assert.ok(tries < 200, `${received.length} of ${count} came`);
			await pause(50);
		}
	};
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

	const mail = await simpleParser(readFileSync(`${work}/mail/${fresh[0]}`));
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
