// A C++ program with OpenMP: exceptions, streams, regular expressions, parallel sums.
#include <iostream>
#include <omp.h>
#include <regex>
#include <stdexcept>
#include <string>

int main() {
    long sum = 0;
#pragma omp parallel for reduction(+ : sum)
    for (int i = 1; i <= 100000; i++) sum += i;
    try {
        throw std::runtime_error("thrown");
    } catch (const std::exception &error) {
        if (!std::regex_match(error.what(), std::regex("th.+n"))) return 2;
    }
    std::cout << "cc ok " << sum << " " << (omp_get_max_threads() > 0) << std::endl;
    return 0;
}
