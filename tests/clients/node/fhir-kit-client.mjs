// fhir-kit-client of Vermonster: one method for each interaction of R4.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from 'fhir-kit-client';
import { TO_FEMALE, person, told, transactionOf } from './told.mjs';

const client = new Client({ baseUrl: told.base, bearerToken: told.token });
const resourceType = 'Patient';
const create = (body = person(), options = {}) => client.create({ resourceType, body, options });
const statusOf = (answer) => Client.httpFor(answer).response.status;

test('it reads the statement and finds where tokens come from', async () => {
  const statement = await client.capabilityStatement();
  assert.equal(statement.fhirVersion, '4.0.1');
  assert.ok(statement.rest[0].resource.some((each) => each.type === 'Task'));
  const smart = await client.smartAuthMetadata();
  assert.equal(new URL(smart.tokenUrl).pathname, '/oauth/token');
});

test('it creates, reads, updates, patches and deletes', async () => {
  const made = await create();
  const id = made.id;
  assert.deepEqual(await client.read({ resourceType, id }), made);
  const updated = await client.update({ resourceType, id, body: { ...made, gender: 'male' } });
  assert.equal(updated.meta.versionId, '2');
  const patched = await client.patch({ resourceType, id, jsonPatch: TO_FEMALE });
  assert.equal(patched.gender, 'female');
  assert.deepEqual(await client.vread({ resourceType, id, version: '1' }), made);
  assert.equal(statusOf(await client.delete({ resourceType, id })), 204);
  await assert.rejects(client.read({ resourceType, id }), (error) => error.response.status === 410);
});

test('it creates and updates on a condition', async () => {
  const body = person();
  const { system, value } = body.identifier[0];
  const options = { headers: { 'If-None-Exist': `identifier=${system}|${value}` } };
  const made = await create(body, options);
  assert.equal((await create(body, options)).id, made.id);
  const searchParams = { identifier: `${system}|${value}` };
  const updated = await client.update({ resourceType, searchParams, body: { ...body, gender: 'female' } });
  assert.equal(updated.id, made.id);
  const stale = client.update({ resourceType, id: made.id, body: made, options: { headers: { 'If-Match': 'W/"1"' } } });
  await assert.rejects(stale, (error) => error.response.data.resourceType === 'OperationOutcome');
});

test('it searches by GET and by POST and turns the pages', async () => {
  for (const postSearch of [false, true]) {
    const searchParams = { name: told.name, _count: 3, _sort: 'name' };
    let page = await client.resourceSearch({ resourceType: 'Location', searchParams, options: { postSearch } });
    const names = [];
    while (page) {
      names.push(...page.entry.map((each) => each.resource.name));
      page = await client.nextPage({ bundle: page });
    }
    assert.equal(names.length, told.places);
    assert.deepEqual(names, [...names].sort());
  }
});

test('it searches with includes and follows references', async () => {
  const searchParams = { _id: told.task.id, _include: ['Task:focus', 'Task:patient'] };
  const bundle = await client.resourceSearch({ resourceType: 'Task', searchParams });
  assert.deepEqual(bundle.entry.map((each) => each.search.mode), ['match', 'include', 'include']);
  const [task] = bundle.entry.map((each) => each.resource);
  const patient = await client.resolve({ reference: task.for.reference });
  assert.equal(patient.id, told.patient.id);
  const focus = await client.resolve({ reference: task.focus.reference, context: bundle });
  assert.equal(focus.resourceType, 'ServiceRequest');
});

test('it reads the histories of a resource and of a type', async () => {
  const made = await create();
  await client.patch({ resourceType, id: made.id, jsonPatch: TO_FEMALE });
  const history = await client.resourceHistory({ resourceType, id: made.id });
  assert.deepEqual(history.entry.map((each) => each.request.method), ['PATCH', 'POST']);
  const all = await client.typeHistory({ resourceType });
  assert.deepEqual(all.entry.slice(0, 2), history.entry);
});

test('it sends a transaction and a batch', async () => {
  const answer = await client.transaction({ body: transactionOf(person(), person()) });
  assert.equal(answer.type, 'transaction-response');
  const places = answer.entry.map((each) => each.response.location);
  assert.ok(answer.entry.every((each) => each.response.status.startsWith('201')));
  const entry = places.map((place) => ({ request: { method: 'GET', url: place.split('/fhir/')[1] } }));
  const read = await client.batch({ body: { resourceType: 'Bundle', type: 'batch', entry } });
  assert.deepEqual(read.entry.map((each) => each.resource.resourceType), ['Patient', 'Patient']);
});

test('it calls operations', async () => {
  const everything = await client.operation({ resourceType, id: told.patient.id, name: 'everything', method: 'GET' });
  assert.ok(everything.entry.some((each) => each.resource.id === told.task.id));
  const outcome = await client.operation({ resourceType, name: 'validate', input: person() });
  assert.ok(outcome.issue.every((each) => each.severity !== 'error'));
});

test('it understands a refusal', async () => {
  const nobody = new Client({ baseUrl: told.base });
  await assert.rejects(nobody.resourceSearch({ resourceType }), ({ response }) => {
    assert.equal(response.status, 401);
    return response.data.issue[0].code === 'login';
  });
});
