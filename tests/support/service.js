// A whole service for tests in Node.js: a throw-away cluster with the test clock, a district "Lakeview", an admin's key,
// kept-api on a free port. KEPT_BUILD says where the programs are.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const build = path.resolve(top, process.env.KEPT_BUILD ?? 'build');

export async function freePort() {
	const server = createServer();
	await new Promise((done) => server.listen(0, '127.0.0.1', done));
	const { port } = server.address();
	await new Promise((done) => server.close(done));
	return port;
}

// Waits until `good` answers true; fails after half a minute.
export async function until(good, words) {
	for (let tries = 0; !(await good()); tries++) {
		assert.ok(tries < 600, words());
		await pause(50);
	}
}

// `now`: what the service takes for the present. `work` is a folder of its own with the mail in it; `stop` removes all.
export async function startService(now) {
	const work = mkdtempSync(path.join(tmpdir(), 'kept-service-'));
	chmodSync(work, 0o755);
	mkdirSync(`${work}/mail`);
	const cluster = (verb) =>
		execFileSync('sh', ['deploy/cluster.sh', verb, `${work}/postgresql`], { cwd: top, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
	cluster('start');
	const database = cluster('url');
	const base = `http://127.0.0.1:${await freePort()}`;
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
	let api;
	const stop = () => {
		api?.kill();
		cluster('stop');
		rmSync(work, { recursive: true, force: true });
	};
	try {
		keptApi('migrate', '--test-clock');
		const district = keptApi('district', 'add', 'Lakeview', '--time-zone', 'America/New_York', '--locale', 'en');
		const key = keptApi('key', 'add', '--district', district, '--role', 'admin');
		api = spawn(path.join(build, 'kept-api'), ['serve'], { env: environment(now), stdio: 'ignore' });
		await until(() => fetch(`${base}/readyz`).then((reply) => reply.ok, () => false), () => 'kept-api does not get ready');
		return { base, key, work, environment, stop };
	} catch (error) {
		stop();
		throw error;
	}
}
