"""Privacy and ethics: who a row is about, what is done about it, and whom the data treats unlike others."""
