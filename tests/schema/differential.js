/*
 * Schemas and documents made at random are judged by ajv and by build/tests/validate; they must agree.
 * usage: node differential.js VALIDATE [SEED [SCHEMAS]]
 * Left out where ajv is known to mean something else: multipleOf of hundredths and of 1e21 (ajv works on doubles), email and uri
 * (ajv's are narrower), leap seconds, a space for the T of a date-time (ajv takes it).
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const [program, seed = "20270115", wanted = "800"] = process.argv.slice(2);
const DOCUMENTS = 4;

/* mulberry32: the same cases for the same seed everywhere. */
let state = Number(seed) >>> 0;
function random() {
	state = (state + 0x6d2b79f5) >>> 0;
	let t = state;
	t = Math.imul(t ^ (t >>> 15), t | 1);
	t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
	return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (count) => Math.floor(random() * count);
const pick = (list) => list[below(list.length)];
const chance = (part) => random() < part;
const several = (most, make) => Array.from({ length: below(most + 1) }, make);

const NAMES = ["a", "b", "c", "a/b", "d~e", "é", "%20"];
const STRINGS = ["", "a", "b", "ab", "abc", "é", "éa", "💩", "💩💩", "1", "null", "a\nb", "\u0000", "2027-01-15", "2027-02-29",
	"2028-02-29", "2027-13-01", "2027-01-15T08:00:00Z", "2027-01-15t08:00:00z", "2027-01-15T24:00:00Z",
	"2027-01-15T08:00:00+05:30", "2027-01-15T08:00:00.25-11:00",
	"0191b2a4-5c3e-7f00-8a1b-2c3d4e5f6071", "0191b2a4-5c3e-7f00-8a1b-2c3d4e5f607", "0191B2A4-5C3E-7F00-8A1B-2C3D4E5F6071"];
const NUMBERS = [0, -0, 1, 2, 3, 4, 6, -1, -2, 0.5, 1.5, -1.5, 1e2, 2.5, 1e15, 9007199254740991, 0.1, 1e-7];
const PATTERNS = ["^a", "b$", "^a*$", "a|b", "^[ab]+$", "^.$", "^..$", "\\d", "^\\S*$", "\\s", "^\\p{L}+$", "[^a]", "^(?:ab|c)?$",
	"^(?!a)", "^a{1,2}b?", "\\u00e9", "^\\w+$", "x??$", "\\.", "[\\d-]"];
const FORMATS = ["date", "date-time", "uuid", "made-up"];
const TYPES = ["null", "boolean", "object", "array", "number", "string", "integer"];

function document(depth) {
	const kinds = depth > 0 ? 8 : 6;
	switch (below(kinds)) {
	case 0: return null;
	case 1: return chance(0.5);
	case 2: case 3: return pick(NUMBERS);
	case 4: case 5: return pick(STRINGS);
	case 6: return several(4, () => document(depth - 1));
	default: return Object.fromEntries(several(4, () => [pick(NAMES), document(depth - 1)]));
	}
}

function pointer(name) {
	return name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("%", "%25");
}

const KEYWORDS = {
	type: () => (chance(0.7) ? pick(TYPES) : [...new Set([pick(TYPES), pick(TYPES), pick(TYPES)])]),
	enum: () => [...new Map(Array.from({ length: 1 + below(4) }, () => document(1)).map((v) => [JSON.stringify(v), v])).values()],
	const: () => document(2),
	required: () => [...new Set(several(3, () => pick(NAMES)))],
	properties: (d) => Object.fromEntries(several(4, () => [pick(NAMES), schema(d - 1)])),
	additionalProperties: (d) => schema(d - 1),
	items: (d) => schema(d - 1),
	minItems: () => below(4),
	maxItems: () => below(4),
	uniqueItems: () => chance(0.8),
	minProperties: () => below(3),
	maxProperties: () => below(4),
	minLength: () => below(4),
	maxLength: () => below(4),
	pattern: () => pick(PATTERNS),
	format: () => pick(FORMATS),
	minimum: () => pick(NUMBERS),
	maximum: () => pick(NUMBERS),
	exclusiveMinimum: () => pick(NUMBERS),
	exclusiveMaximum: () => pick(NUMBERS),
	multipleOf: () => pick([1, 2, 3, 4, 0.5, 2.5]),
	anyOf: (d) => Array.from({ length: 1 + below(3) }, () => schema(d - 1)),
	oneOf: (d) => Array.from({ length: 1 + below(3) }, () => schema(d - 1)),
	allOf: (d) => Array.from({ length: 1 + below(3) }, () => schema(d - 1)),
	not: (d) => schema(d - 1),
	$ref: () => `#/$defs/${pointer(pick(NAMES))}`,
	description: () => "Told only.",
};
const PLAIN = Object.keys(KEYWORDS).filter((word) => KEYWORDS[word].length === 0);

/* References lead from the document to $defs only, and from $defs through `properties` or `items` only, so they end. */
let referring = true;
function schema(depth) {
	if (chance(0.08))
		return chance(0.7);
	const made = {};
	for (let count = 1 + below(3); count > 0; count--) {
		const word = pick(depth > 0 ? Object.keys(KEYWORDS) : PLAIN);
		if (word !== "$ref" || referring)
			made[word] = KEYWORDS[word](depth);
	}
	return made;
}

function whole() {
	referring = false;
	const definitions = Object.fromEntries(NAMES.map((name) => [name, schema(1)]));
	for (const name of NAMES)
		if (chance(0.3))
			definitions[name] = { properties: { [pick(NAMES)]: { $ref: `#/$defs/${pointer(pick(NAMES))}` } }, items: { $ref: "#" } };
	referring = true;
	const top = schema(3);
	return typeof top === "boolean" ? top : { ...top, $defs: definitions };
}

const folder = mkdtempSync(join(tmpdir(), "kept-schema-"));
const seen = { valid: 0, invalid: 0, unsupported: 0, different: 0 };
const words = new Set();

function judge(compiled, made, text) {
	const value = JSON.stringify(document(3));
	writeFileSync(join(folder, "document.json"), value);
	const run = spawnSync(program, [join(folder, "schema.json"), join(folder, "document.json")], { encoding: "utf8" });
	const expected = compiled(JSON.parse(value));
	if (run.status === 2)
		seen.unsupported++;
	else
		seen[expected ? "valid" : "invalid"]++;
	const told = run.status === 1 ? run.stdout !== "" : run.stdout === "";
	if (run.status === 2 || (run.status === (expected ? 0 : 1) && told))
		return;
	seen.different++;
	if (seen.different <= 10)
		console.log(`ajv ${expected}, Kept ${run.status}: ${text} ${value} ${run.stdout}${run.stderr}`);
}

function words_of(made) {
	if (made && typeof made === "object")
		for (const [word, value] of Object.entries(made)) {
			words.add(word);
			words_of(value);
		}
}

try {
	for (let i = 0; i < Number(wanted); i++) {
		const made = whole();
		const ajv = new Ajv2020({ strict: false, validateSchema: true, logger: false });
		addFormats(ajv);
		const text = JSON.stringify(made);
		const compiled = ajv.compile(JSON.parse(text));
		writeFileSync(join(folder, "schema.json"), text);
		words_of(made);
		for (let j = 0; j < DOCUMENTS; j++)
			judge(compiled, made, text);
	}
} finally {
	rmSync(folder, { recursive: true });
}
const missing = Object.keys(KEYWORDS).filter((word) => !words.has(word));
const total = seen.valid + seen.invalid + seen.unsupported;
console.log(`beside ajv, seed ${seed}: ${total} judged, ${seen.valid} valid, ${seen.invalid} not, ` +
	`${seen.unsupported} unsupported, ${seen.different} different`);
if (seen.different || missing.length || seen.unsupported > total / 20 || Math.min(seen.valid, seen.invalid) < total / 10) {
	console.log(missing.length ? `never used: ${missing}` : "they must agree, and both verdicts be common");
	process.exit(1);
}
