/** What was tried, for the next one who wants it faster. Written by hand, under the table that is measured. */
export const FINDINGS = `## What the profile says

Of the processor time of an answer two thirds are Node's HTTP server and the system call that writes to the socket, which the empty route pays as
well. The profile is flat: no part of it takes a tenth. What clocks cannot tell apart on a busy machine, many short rounds can that take turns in one
process, with client and server in one thread, by their median: that is how the rows about routes below were measured.

Webhooks are routes of the Fastify app, with public interfaces of Node and Fastify only. They were answered before Fastify, out of the parser's hands, and a
known token was at 1.01, denied at 0.96, a topic check at 0.97, EMQX at 0.86 and a certificate at 0.79. A tenth of that was given up: of a known token 3.7 µs for
the stream that a request is (its events and its turns of the loop, until it ends as Node documents), and 2.4 µs for Fastify's router, request, reply and hooks.

Cold, every request reads the database: some 40 µs of processor time, where a known token takes 20 and a ratio of 0.6 leaves 33. With SQLite 7 of them are
the query, 4 collecting garbage, 3 the cache's one map, which no processor cache holds, 2 the SHA-3 of a pair that is new. With PostgreSQL a fifth is the
system call that sends the query, and its own process competes with server and load for two processors.

The memory is measured after 120 000 devices were asked about, when the cache is full (50 000 records). 55 MB of the heap are alive then; V8 lets it grow to
three times as much before it tidies up. 51 MB are Node's own program file, and some 90 MB stand in arenas of V8's helper threads, even with a
cache of 1 000 records. \`node --heap-growing-percent=30 dist/cli.js serve\` took 273 MiB instead of 424, at a quarter more processor time for each cold request.
With 20 000 devices in the table it was 125 MiB without any.

MQTT basic costs two keyed hashes more than a token, a certificate the decoding of its PEM and one hash of it.

The load is prepared bytes written to sockets by a process that never sleeps. A general HTTP client is slower than the server: with it
the empty route and a decision look alike, at ratios of 0.9 and more, whatever they cost.

| tried | found |
| --- | --- |
| remember sealed passports | a connect through EMQX took 103 µs of processor time, then 62; kept |
| one timer for all decisions instead of one each | 0.3 µs, where a decision waits for the database; taken back |
| OpenSSL's SHA-3 in one call instead of three | 1.5 µs; kept |
| look at SQLite's \`data_version\` every 5 ms instead of every 1 | 2 % under load; kept |
| look a caller's address up among the proxies only where a header form is on | 5 % of the generic endpoint; kept |
| answer webhooks before Fastify, and without promises where everything is known | a known token took 1.85 times the processor time of the empty route, then 1.45; no promises kept, before Fastify taken back |
| read plain JSON in one pass, remember the SHA-3 of client id and user name | 1.45 times, then 1.17; kept |
| take the body from the parser, past the stream's events and turns of the loop | 1.5 µs of 18; taken back: \`IncomingMessage\` is not made for it, and no request ever ended |
| write head and body as one text, not as two of which one is empty | 1 µs of 14; kept |
| skip rules whose first word is another before filling them | a topic check 1.07 µs, then 0.44; kept |
| find a known certificate by a sample of its text, not by a hash of all of it | 1.6 µs of 7.5; kept |
| one load and one timer for a turn's questions, one map for all that is known | cold 60 µs, then 51; kept |
| read SQLite's rows as one JSON text | a device's row 9.6 µs, then 6; kept |
| write allows piece by piece, keep none of them | cold 51 µs, then 40; kept |
| share what a profile's devices have in common | 93 MB of live heap, then 55, with the maps above; kept |
| let nothing flow away where the body was handed over | two turns of the event loop; 2 % of a token; taken back with it |
| write ASCII answers as Latin-1 | another 2 %; kept |
| keep numbers of steps for \`thingpass decisions\`, not the steps | 230 kB less to copy each time garbage is collected; kept |
| keep recent decisions as plain objects | 1 µs of a token, 3 to 4 of a denial, for 150 lines less; not done |
| make what a decision rests on anew each time, not once for each endpoint | 10 µs of 45, client included; not done |
| write the generic endpoint's answers by \`JSON.stringify\`, keep no refusals | 1 µs of a token, 5 of a denial; not done |
| fields in two lists | with the next, 7 000 instructions of a topic check; kept |
| know names of templates again instead of cutting them out of each body | 1 µs of a topic check, less of others; taken back |
| look for certificates' headers among lower-case names, for their fields only where one came | 4 000 instructions; kept |
| cut a topic into levels only where a rule could be about it | 1 700 instructions; kept |
| keep the texts of recent decisions by \`Buffer.write\` | 1 000 instructions more than a loop; taken back |
| \`reply.hijack\` at the end of a Fastify handler | within the noise; taken back |
| a larger page cache or a mapped file for SQLite | within the noise; not done |
| gather questions while two queries to PostgreSQL are under way | a tenth at most; taken back |
| a bound of 100 MB for the old heap | a fifth of the cold rate, 198 MiB; not done |
| write answers to the socket without \`ServerResponse\` | within the noise; not done |
| webhooks as routes: guard, body and answer in \`onRequest\`, with the app's log for each request | a known token 36.4 µs before (client included), then 44.9; kept but for the log |
| guard and answer in a handler, the body by a parser for every content type | 5 to 10 % more than in \`onRequest\`; not done |
| no logger in Fastify, whose code then sets no listeners on the response | 2.6 µs of 44.9; kept |
| compile Fastify's router | 0.5 to 1 µs of 41; kept |
| read the body in the next tick with \`read()\`, as it arrives with its head | within the noise of \`data\` and \`end\`, and the stream has to be resumed by hand; taken back |
| read a certificate's field without making lists of one | 1.2 µs of 52 for a certificate; kept |
| answer at the piece that completes \`Content-Length\`, without waiting for \`end\` | within the noise; taken back |
| all of this, on an idle machine, median of three runs of 12 rounds beside the empty route | known token 0.82, denied 0.82, topic check 0.78, EMQX 0.69, certificate 0.67; the aims (0.85, 0.85, 0.80, 0.75, 0.70) are not met |
`;
