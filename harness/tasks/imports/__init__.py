"""Makes tasks of rows that other programs wrote: public benchmarks, and tables of one's own."""
