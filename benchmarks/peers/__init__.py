"""What a user might pick instead of an audit: the same questions, asked without petrec.

Each peer answers by its own means, in an environment of its own, and prints its answers and the
seconds that they took. No peer trusts a foreign key.
"""
