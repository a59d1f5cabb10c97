"""The tables of a clinic whose recordings are partitioned, without rows or partitions."""

TABLES = """
CREATE TABLE recordings (id int PRIMARY KEY, appointment_id int, pet_id int, status text)
    PARTITION BY RANGE (id);
CREATE TABLE users (id int PRIMARY KEY);
CREATE TABLE pets (id int PRIMARY KEY, owner_id int, name text);
CREATE TABLE appointments (id int PRIMARY KEY, pet_owner_id int);
CREATE TABLE appointment_pets (appointment_id int, pet_id int,
                               PRIMARY KEY (appointment_id, pet_id));
"""
