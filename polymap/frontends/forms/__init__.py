"""The einsums of common operators, whoever calls them: one module per family.

Each function takes shapes as they stand in a network and gives a `Form`. Names are those of the shipped workloads: a
convolution is `O[n,k,p,q] += I[n,c,p+r,q+s] * W[k,c,r,s]`, a product of matrices `C[m,n] += A[m,k] * B[k,n]`.
"""
