ALTER TABLE public.recordings RENAME TO unpartitioned;
CREATE TABLE public.recordings (LIKE public.unpartitioned INCLUDING DEFAULTS) PARTITION BY RANGE (created_at);
DO $$
DECLARE month timestamptz;
BEGIN
  FOR month IN SELECT DISTINCT date_trunc('month', created_at) FROM public.unpartitioned LOOP
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.recordings FOR VALUES FROM (%L) TO (%L)',
                   'recordings_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
  END LOOP;
END $$;
CREATE TABLE public.recordings_default PARTITION OF public.recordings DEFAULT;
INSERT INTO public.recordings SELECT * FROM public.unpartitioned;
DROP TABLE public.unpartitioned;
ALTER TABLE public.recordings ADD PRIMARY KEY (id, created_at);
ALTER TABLE public.recordings ADD FOREIGN KEY (recorded_by_user_id) REFERENCES public.users (id);
