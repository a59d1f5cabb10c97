-- The integration guide's numbers as `petrec report` reads them, for psql and for dashboards.
-- Names as in the integration guide; petrec itself uses the mapping in petrec.toml. Days are UTC.

-- name: missing_pet_id
-- Recordings without a pet: 0 once everything is repaired.
SELECT count(*) FROM recordings WHERE pet_id IS NULL;

-- name: invalid_associations
-- Recordings whose appointment does not list their pet, those without a pet included.
SELECT count(*)
FROM recordings r
LEFT JOIN appointment_pets ap
    ON ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id
WHERE r.appointment_id IS NOT NULL AND ap.pet_id IS NULL;

-- name: uploads_per_day
-- The window begins at this time of day, so its first day is partial.
SELECT CAST(created_at AS date) AS day, count(*), count(*) FILTER (WHERE status = 'uploaded')
FROM recordings
WHERE created_at >= now() - interval '7 days'
GROUP BY day
ORDER BY day;

-- name: rejected_per_day
-- Uploads that the API refused because the pet is not in the appointment.
SELECT CAST(created_at AS date) AS day, count(*)
FROM api_logs
WHERE error_code = 'pet_not_in_appointment' AND created_at >= now() - interval '7 days'
GROUP BY day
ORDER BY day;
