CREATE TABLE public.visits (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pet_id uuid NOT NULL REFERENCES public.pets (id) ON DELETE CASCADE,
  appointment_id uuid REFERENCES public.appointments (id) ON DELETE CASCADE,
  visit_date timestamptz NOT NULL,
  visit_type varchar(50) NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'scheduled',
  chief_complaint text, diagnosis text, treatment_plan text, notes text,
  follow_up_required boolean DEFAULT false,
  follow_up_date date,
  created_by uuid NOT NULL REFERENCES public.users (id),
  created_at timestamptz DEFAULT now(),
  updated_at timestamptz DEFAULT now()
);
ALTER TABLE public.recordings ADD COLUMN visit_id uuid REFERENCES public.visits (id);
