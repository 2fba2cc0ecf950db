/*
 * contract_patterns.h: the patterns of the contract's schemas, the one table that is filled at start
 * (contract_start()).
 */
#ifndef API_CONTRACT_PATTERNS_H
#define API_CONTRACT_PATTERNS_H

#include "api/schema/schema.h"

extern struct schema_pattern contract_patterns[];
extern const size_t contract_pattern_count;

#endif
