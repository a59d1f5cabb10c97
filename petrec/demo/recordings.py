"""The recordings, written from their plan, with the planned damage."""

RECORDINGS = """
INSERT INTO public.recordings (
    id, appointment_id, pet_id, visit_id, recorded_by_user_id, recording_type, status, filename,
    original_filename, file_size_bytes, duration_seconds, mime_type, s3_key, transcript_text,
    transcript_confidence, is_transcribed, is_processing, recording_metadata, created_at, updated_at
)
SELECT
    id,
    CASE link
        WHEN 'kept' THEN pg_temp.id('appointment', appointment)
        WHEN 'lost' THEN pg_temp.id('lost appointment', number)
    END,
    CASE pet
        WHEN 'lost' THEN pg_temp.id('lost pet', number)
        WHEN 'null' THEN NULL
        ELSE pg_temp.id('pet', named)
    END,
    CASE WHEN visit <> 'none' THEN pg_temp.id('visit', number) END,
    pg_temp.id('user', pg_temp.pick(number, 'recorded by', 5 * %(practices)s)),
    pg_temp.one_of(%(recording_types)s, number, 'type'),
    status,
    'rec-' || id || '.m4a',
    CASE
        WHEN labelled = 0
        THEN pg_temp.one_of(%(file_names)s, number, 'file')
        WHEN labelled = 1 THEN mentioned || to_char(moment, ' YYYY-MM-DD') || '.m4a'
        ELSE to_char(moment, '"visit_recording_"YYYYMMDD_HH24MISS".m4a"')
    END,
    CASE WHEN status = 'uploaded' THEN 16000 * seconds END,
    CASE WHEN status = 'uploaded' THEN seconds + 0.5 END,
    'audio/mp4',
    'recordings/' || to_char(moment, 'YYYY/MM/DD') || '/rec-' || id || '.m4a',
    transcript,
    CASE WHEN transcript IS NOT NULL
        THEN (80 + pg_temp.pick(number, 'confidence', 20)) / 100.0
    END,
    transcript IS NOT NULL,
    status = 'processing',
    jsonb_build_object(
        'device_type',
        pg_temp.one_of(%(devices)s, number, 'device')
    ),
    moment,
    moment + interval '1 second' * (seconds + 60)
FROM (
    SELECT
        *,
        CASE WHEN status <> 'uploaded' OR said >= 28 THEN NULL
            WHEN said < 17
            THEN replace(
                pg_temp.one_of(%(mentions)s, number, 'mention'),
                '{pet}',
                mentioned
            )
            ELSE pg_temp.one_of(%(remarks)s, number, 'remark')
        END AS transcript
    FROM (
        SELECT
            *,
            pg_temp.id('recording', number) AS id,
            CASE pet WHEN 'sibling' THEN sibling WHEN 'stranger' THEN stranger
                ELSE right_pet
            END AS named,
            CASE pg_temp.pick(number, 'status', 20)
                WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'uploaded'
            END AS status,
            pg_temp.name(
                CASE WHEN pg_temp.pick(number, 'mistaken', 6) = 0 THEN sibling ELSE right_pet END
            ) AS mentioned,
            pg_temp.pick(number, 'said', 100) AS said,
            pg_temp.pick(number, 'labelled', 25) AS labelled,
            30 + pg_temp.pick(number, 'seconds', 600) AS seconds
        FROM recording_plan
        OFFSET 0
    ) AS drawn
    ORDER BY moment, number
) AS described
"""
