import { Type } from 'typebox';
import {
  EMQX_ALGORITHMS,
  EMQX_MAC_FUNCTIONS,
  EMQX_SALT_POSITIONS,
  readEmqxAlgorithm,
} from '../../../fleet/devices/import/emqx-algorithm.ts';
import { type LineReport, OUTCOMES } from '../../../fleet/devices/import/import-report.ts';
import { PASSWORD_KINDS } from '../../../fleet/devices/import/keep-secret.ts';
import { IMPORT_FORMATS } from '../../../fleet/devices/import/read-import.ts';
import { ThingPassError } from '../../../model/errors.ts';
import type { ImportResult } from '../imports.ts';
import { operation } from '../operation.ts';
import { NAME, named, object, oneOf, UUID } from '../schemas.ts';

const COUNT = Type.Integer({ minimum: 0 });

const IMPORT = named(
  'Import',
  object({
    id: UUID,
    dryRun: Type.Boolean(),
    created: COUNT,
    updated: COUNT,
    unchanged: COUNT,
    leftOut: COUNT,
    refused: COUNT,
    lines: Type.Array(
      object({
        line: Type.Integer({ description: 'Where the record begins, from 1.' }),
        outcome: oneOf(OUTCOMES),
        device: Type.Optional(Type.String({ description: 'The name.' })),
        detail: Type.Optional(Type.String({ description: 'Why it was refused, or what of it changes.' })),
        warnings: Type.Array(Type.String()),
      }),
      { description: 'Records to look at; all records, in a dry run. The first 1000.' },
    ),
    linesLeftOut: Type.Integer({ minimum: 0, description: 'How many more there were.' }),
    nextLine: Type.Optional(
      Type.Integer({ description: 'Time was up before this line: send it and those behind it again.' }),
    ),
  }),
);

const importFile = operation({
  id: 'importFile',
  method: 'POST',
  path: '/imports',
  tag: 'Imports',
  scopes: ['write'],
  summary: 'Bring in devices or rules out of a file',
  description:
    'The body is the file itself. Lines that cannot be used are told and do not stop the others, what is there already stays, and sending it again is safe. One import runs at a time, for a minute at most; larger files are for `thingpass import`.',
  query: object({
    format: oneOf(IMPORT_FORMATS, 'As `thingpass import` names them.'),
    dryRun: Type.Optional(
      Type.Boolean({ description: 'Say line by line what would happen, and write nothing.' }),
    ),
    profile: Type.Optional(
      Type.String({ ...NAME, description: 'Of new devices whose record names none; `default` otherwise.' }),
    ),
    passwords: Type.Optional(
      oneOf(
        PASSWORD_KINDS,
        'What plain passwords are: chosen by people (the default), random, or to stay plain until a login.',
      ),
    ),
    force: Type.Optional(
      Type.Boolean({ description: 'mosquitto-acl: store the good lines of a file with bad ones.' }),
    ),
    allowNoPassword: Type.Optional(
      Type.Boolean({ description: 'csv, jsonl: take user names and client ids without a password.' }),
    ),
    algorithm: Type.Optional(
      oneOf(EMQX_ALGORITHMS, 'emqx: `password_hash_algorithm.name`; sha256 otherwise.'),
    ),
    saltPosition: Type.Optional(oneOf(EMQX_SALT_POSITIONS, 'emqx: `salt_position`; prefix otherwise.')),
    mac: Type.Optional(oneOf(EMQX_MAC_FUNCTIONS, 'emqx, pbkdf2: `mac_fun`; sha256 otherwise.')),
    iterations: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'emqx, pbkdf2.' }),
    ),
    keyBytes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 999_999_999, description: 'emqx, pbkdf2: `dk_length`.' }),
    ),
    saltEncoding: Type.Optional(
      oneOf(['base64', 'utf-8'], 'mosquitto-passwords: mosquitto-go-auth’s `hasher_salt_encoding`.'),
    ),
    topicsBeforeUsers: Type.Optional(
      oneOf(['anonymous', 'everyone'], 'mosquitto-acl: whom topics above the first user are for.'),
    ),
  }),
  upload: ['text/csv', 'text/plain', 'application/x-ndjson', 'application/json', 'application/octet-stream'],
  answers: { 200: { description: 'What became of each record, or would', schema: IMPORT } },
  problems: ['import_running', 'not_possible'],
  async handle({ query, upload, store, actor, imports }) {
    const { format, dryRun = false, profile = 'default', passwords = 'chosen', force = false } = query;
    const { allowNoPassword = false, saltEncoding = 'base64', topicsBeforeUsers = 'anonymous' } = query;
    const algorithm = readEmqxAlgorithm(query);
    if (typeof algorithm === 'string') throw new ThingPassError('request_invalid', algorithm);
    const options = { allowNoPassword, saltEncoding, topicsBeforeUsers, algorithm };
    const request = { format, options, dryRun, profile, passwords, force };
    return { status: 200, body: show(await imports.run(upload, request, store, actor), dryRun) };
  },
});

export const IMPORT_OPERATIONS = [importFile];

function show({ importId, counts, lines, linesLeftOut, nextLine }: ImportResult, dryRun: boolean) {
  const { left_out: leftOut, ...others } = counts;
  return {
    id: importId,
    dryRun,
    ...others,
    leftOut,
    lines: lines.map(showLine),
    linesLeftOut,
    ...(nextLine === undefined ? {} : { nextLine }),
  };
}

/** Absent members are left out. */
function showLine({ line, outcome, device, detail, warnings }: LineReport) {
  return {
    line,
    outcome,
    ...(device === undefined ? {} : { device }),
    ...(detail === undefined ? {} : { detail }),
    warnings,
  };
}
