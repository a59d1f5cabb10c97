import createClient from "openapi-fetch";
import type { components, paths } from "./clinic.js";

declare const process: { argv: [string, string, string, string, string] };

type Answer<T> = { data?: T; error?: unknown };
const success = <T>({ data, error }: Answer<T>): T => {
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
};

const [, , baseUrl, token, given] = process.argv;
const body: components["schemas"]["InitiateIn"] = JSON.parse(given);
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

const made = success(await client.POST("/api/v1/recordings/upload/initiate", { body }));
const recording = { params: { path: { recording_id: made.recording_id } } };
const form = new FormData();
for (const [name, value] of Object.entries(made.upload_fields)) form.append(name, value);
form.append("file", new Blob(["sound"]));
const uploaded = await fetch(made.upload_url, { method: "POST", body: form });
if (!uploaded.ok) throw new Error(await uploaded.text());
const done = success(
  await client.POST("/api/v1/recordings/upload/complete/{recording_id}", {
    ...recording,
    body: { file_size_bytes: 5, recording_metadata: { device_type: "iPhone", rate: 44100 } },
  }),
);
const query = { pet_id: body.pet_id, limit: 200 };
const listed = success(await client.GET("/api/v1/recordings/", { params: { query } }));
const audio = success(await client.GET("/api/v1/recordings/{recording_id}/audio", recording));
const refused = await client.GET("/api/v1/recordings/", { params: { query: { pet_id: "pet-\0" } } });
const appointment = success(
  await client.GET("/api/v1/appointments/{appointment_id}", {
    params: { path: { appointment_id: body.appointment_id } },
  }),
);
const row = listed.find((each) => each.id === made.recording_id);
console.log(
  JSON.stringify({
    status: done.status,
    listed: row !== undefined && new Date(row.created_at ?? "") <= new Date(),
    heard: await (await fetch(audio.audio_url)).text(),
    refused: refused.error?.error_code,
    pets: appointment.pets.some((pet) => pet.id === body.pet_id),
  }),
);
