from kernel cimport *
