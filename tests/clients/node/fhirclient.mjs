// fhirclient of SMART Health IT: the client of many SMART apps, here with the token of a backend service.
import assert from 'node:assert/strict';
import test from 'node:test';
import smart from 'fhirclient';
import { TO_FEMALE, person, told, transactionOf } from './told.mjs';

const request = { url: '/', headers: { host: 'app.example' }, socket: {} };
const client = smart(request, {}, {}).client({
  serverUrl: told.base,
  tokenResponse: { access_token: told.token, token_type: 'bearer', patient: told.patient.id },
});

test('it knows which FHIR it speaks with', async () => {
  assert.equal(await client.getFhirVersion(), '4.0.1');
  assert.equal(await client.getFhirRelease(), 4);
});

test('it reads the patient of its context', async () => {
  assert.equal((await client.patient.read()).id, told.patient.id);
  const orders = await client.patient.request('ServiceRequest');
  const references = orders.entry.map((each) => `ServiceRequest/${each.resource.id}`);
  assert.deepEqual(references, [told.task.focus.reference]);
});

test('it creates, updates, patches and deletes', async () => {
  const made = await client.create(person());
  const updated = await client.update({ ...made, gender: 'male' });
  assert.equal(updated.meta.versionId, '2');
  const patched = await client.patch(`Patient/${made.id}`, TO_FEMALE);
  assert.equal(patched.gender, 'female');
  assert.equal((await client.request(`Patient/${made.id}/_history/1`)).meta.versionId, '1');
  await client.delete(`Patient/${made.id}`);
  await assert.rejects(client.request(`Patient/${made.id}`), (error) => error.status === 410);
});

test('it turns all pages', async () => {
  const query = new URLSearchParams({ name: told.name, _count: '3' });
  const places = await client.request(`Location?${query}`, { pageLimit: 0, flat: true });
  assert.equal(new Set(places.map((each) => each.id)).size, told.places);
  let seen = 0;
  for await (const _ of client.resources(`Location?${query}`)) seen += 1;
  assert.equal(seen, told.places);
});

test('it puts what is referred to in the place of the reference', async () => {
  const task = await client.request(`Task/${told.task.id}`, { resolveReferences: ['focus', 'for', 'focus.subject'] });
  assert.equal(task.focus.resourceType, 'ServiceRequest');
  assert.deepEqual(task.focus.subject, task.for);
  const bundle = await client.request(`Task?_id=${told.task.id}&_include=Task:focus`, { graph: true });
  assert.equal(bundle.entry.length, 2);
});

test('it reads a history', async () => {
  const made = await client.create(person());
  await client.patch(`Patient/${made.id}`, TO_FEMALE);
  const history = await client.request(`Patient/${made.id}/_history`);
  assert.deepEqual(history.entry.map((each) => each.resource.meta.versionId), ['2', '1']);
});

test('it sends a transaction', async () => {
  const headers = { 'Content-Type': 'application/fhir+json' };
  const body = JSON.stringify(transactionOf(person(), person()));
  const answer = await client.request({ url: '', method: 'POST', headers, body });
  assert.deepEqual(answer.entry.map((each) => each.response.status.slice(0, 3)), ['201', '201']);
});

test('it understands a refusal', async () => {
  await assert.rejects(client.create({ ...person(), unheardOf: true }), (error) => {
    assert.equal(error.status, 400);
    return /structure|unknown/i.test(error.message);
  });
});
